"""Routes for whoever runs the collector, and the end of an import."""

from typing import Annotated

import prometheus_client
from fastapi import APIRouter, Header, Path, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from ingest.errors import Refusal
from ingest.intake import Parts
from ingest.keys import secret_in


class Failure(BaseModel):
    """Every refusal: a stable code, and a sentence."""

    success: bool = False
    code: str
    message: str


class Closed(BaseModel):
    """An import's end stands in so many partitions."""

    success: bool = True
    import_id: str
    partitions: int


def router(parts: Parts) -> APIRouter:
    """The routes, over these parts."""
    made = APIRouter()

    @made.get("/livez", tags=["operations"])
    async def livez() -> dict[str, str]:
        """The process runs."""
        return {"status": "alive"}

    @made.get("/readyz", tags=["operations"], responses={503: {"description": "Not ready; `waiting` says for what."}})
    async def readyz() -> JSONResponse:
        """Kafka acknowledged a heartbeat within the last 5 s, and the keys were read."""
        waiting = [
            what
            for what, ready in (("kafka", parts.sink.healthy), ("keys", parts.gate.reader.ring.loaded))
            if not ready
        ]
        if waiting:
            return JSONResponse({"status": "waiting", "waiting": waiting}, 503, {"Retry-After": "1"})
        return JSONResponse({"status": "ready"})

    @made.get("/metrics", tags=["operations"], response_class=Response)
    async def metrics() -> Response:
        """Prometheus metrics."""
        return Response(prometheus_client.generate_latest(), media_type=prometheus_client.CONTENT_TYPE_LATEST)

    @made.post(
        "/v1/import/{import_id}/close",
        tags=["import"],
        responses={code: {"model": Failure} for code in (401, 403, 429, 503)},
    )
    async def close(
        import_id: Annotated[str, Path(max_length=255)],
        authorization: Annotated[str, Header(description="Basic or Bearer, with the write key")] = "",
    ) -> Closed:
        """Says that an import is over: its history is then evaluated, in event order."""
        key = await parts.gate.meet(secret_in(authorization.encode("latin-1", "replace")))
        parts.sink.reserve(0)
        return Closed(import_id=import_id, partitions=await parts.sink.close_import(key.workspace, import_id))

    return made


def failure(_: Request, refusal: Exception) -> JSONResponse:
    """A refusal as FastAPI's response."""
    if not isinstance(refusal, Refusal):
        raise refusal
    headers = {"Retry-After": str(refusal.retry_after)} if refusal.retry_after is not None else None
    content = {"success": False, "code": refusal.code, "message": refusal.message}
    return JSONResponse(content, refusal.status, headers)

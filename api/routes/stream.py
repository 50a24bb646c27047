"""The stream of changes: every step of every alert, as server-sent events, in the order in which they came."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Header, Query
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from api.dependencies import Reader, Tenant
from schemas.database import changes
from schemas.database.changes import Place

router = APIRouter(prefix="/v1", tags=["alerts"])

_EVERY, _BEAT, _LASTS = 1.0, 15.0, 600.0
_AT_ONCE = 500
Word = Annotated[str | None, Query(max_length=256)]
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events named by their step; `id` is what to send as Last-Event-ID.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}


@router.get("/changes", response_class=StreamingResponse, responses=_STREAM, summary="Follow alerts as they change")
def follow_changes(
    tenant: Reader,
    kind: Word = None,
    csm: Word = None,
    last_event_id: Annotated[str | None, Header(max_length=120)] = None,
    seconds: Annotated[
        float, Query(gt=0, le=_LASTS, description="when the stream ends; clients connect again")
    ] = _LASTS,
) -> StreamingResponse:
    """Steps from now on, or from after `Last-Event-ID`: none is left out, and none comes twice."""
    place = None if last_event_id is None else Place.parse(last_event_id)
    with tenant.reading() as (connection, _):
        place = place or changes.beginning(connection)
    return StreamingResponse(_events(tenant, place, kind, csm, seconds), media_type="text/event-stream")


async def _events(
    tenant: Tenant, place: Place, kind: str | None, csm: str | None, seconds: float
) -> AsyncIterator[bytes]:
    ends, beat = time.monotonic() + seconds, 0.0
    yield f"retry: 2000\nid: {place}\n\n".encode()
    while time.monotonic() < ends:
        found = await run_in_threadpool(_after, tenant, place, kind, csm)
        for at, said in found:
            place = at
            yield f"id: {at}\nevent: {said['transition']}\ndata: {msgspec.json.encode(said).decode()}\n\n".encode()
        if not found and time.monotonic() - beat > _BEAT:
            beat = time.monotonic()
            yield b": still here\n\n"
        if len(found) < _AT_ONCE:
            await asyncio.sleep(min(_EVERY, max(ends - time.monotonic(), 0)))


def _after(tenant: Tenant, place: Place, kind: str | None, csm: str | None) -> list[tuple[Place, dict[str, Any]]]:
    with tenant.reading() as (connection, workspace):
        return changes.after(connection, workspace, place, kind, csm, _AT_ONCE)

"""A refused event once more: as it was kept, after what refused it was mended here, or as its sender corrected it."""

import asyncio
from collections.abc import Callable
from itertools import count
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Request, Response

from ingest import body
from ingest.errors import Refusal
from ingest.formats import Format
from ingest.intake import Intake, Parts
from ingest.keys import secret_in
from ingest.operations import Failure
from ingest.shapes import Form, Shape
from schemas.errors import NotFoundError

Load = Callable[[int, int], tuple[bytes, int]]


def router(parts: Parts, load: Load) -> APIRouter:
    """The route; `load` gives a workspace's refused event of that number: its bytes, and when it was received (ms)."""
    made = APIRouter()

    @made.post(
        "/v1/rejected/{number}/replay",
        tags=["rejected"],
        responses={code: {"model": Failure} for code in (400, 401, 403, 404, 429, 503)},
    )
    async def replay(
        request: Request,
        number: Annotated[int, Path(ge=1, le=2**63 - 1)],
        authorization: Annotated[str, Header(description="Basic or Bearer, with the write key")] = "",
        format: Format | None = None,  # noqa: A002 - its name in the query
    ) -> Response:
        """Takes a refused event as if it came anew; a body is the corrected event, without one it is taken as it was.

        Its number is that of `GET /v1/rejected`. It keeps the moment at which it first came, and counts once however
        often it is replayed. Where it is refused again, the answer says why. `format` says what it is where that is not
        to be seen.
        """
        key = await parts.gate.meet(secret_in(authorization.encode("latin-1", "replace")))
        parts.gate.charge(key, 1)
        raw, received = await _kept(load, key.workspace, number)
        corrected = body.decompress(await body.read(request.receive, None), b"")
        event = corrected or raw
        intake = Intake(parts, _shape(event, format), "/v1/rejected")
        answer = await intake.again(event, key, received, (f"rejected-{number}-{i}" for i in count()).__next__)
        headers = None if answer.retry_after is None else {"Retry-After": str(answer.retry_after)}
        return Response(answer.body, answer.status, headers, "application/json")

    return made


async def _kept(load: Load, workspace: int, number: int) -> tuple[bytes, int]:
    try:
        return await asyncio.to_thread(load, workspace, number)
    except NotFoundError as error:
        raise Refusal(404, "not_found", str(error)) from error
    except Exception as error:
        raise Refusal(503, "database_unavailable", "Not replayed: the database does not answer.", 2) from error


def _shape(event: bytes, kind: Format | None) -> Shape:
    """What it is, seen from its fields; a Segment call that does not say its type came by a path that did."""
    looks: dict[Format, Any] = {Format.POSTHOG: b'"distinct_id"' in event, Format.IMPORT: b'"behavior"' in event}
    kind = kind or next((one for one, true in looks.items() if true), Format.SEGMENT)
    if kind is Format.IMPORT:
        return Shape(kind, Form.ROWS)
    untyped = kind is Format.SEGMENT and b'"type"' not in event
    return Shape(kind, Form.ANY, call="track" if untyped else None)

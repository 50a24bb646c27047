"""What a request is answered: always JSON, always with a code and a message where it is refused."""

from collections.abc import Sequence
from typing import Any

import msgspec
from starlette.types import Send

from ingest.errors import Refusal
from ingest.formats import Outcome, Refused
from schemas.batches import PackedEvent

_encode = msgspec.json.Encoder().encode
_JSON = (b"content-type", b"application/json")
_ANYONE = (b"access-control-allow-origin", b"*")


class Answer(msgspec.Struct, frozen=True):
    """A status and a JSON body; `retry_after` in seconds."""

    status: int
    body: bytes
    retry_after: int | None = None
    close: bool = False

    async def send(self, send: Send, more: bool = False) -> None:
        """Writes it out; with `more` the response is complete for the client, yet still open on our side."""
        headers = [_JSON, _ANYONE, (b"content-length", b"%d" % len(self.body))]
        if self.retry_after is not None:
            headers.append((b"retry-after", b"%d" % self.retry_after))
        if self.close:
            headers.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": more})


def accepted(outcome: Outcome, **more: Any) -> Answer:
    """The answer to what was read and kept: 200, or 400 where nothing of it was valid."""
    count, refused = len(outcome.events), outcome.refused
    if not refused and not more:
        return Answer(200, b'{"success":true,"accepted":%d,"rejected":[]}' % count)
    listed = [
        {"index": r.index, "messageId": r.message_id, "code": r.code, "field": r.field, "message": r.message}
        for r in refused
    ]
    body: dict[str, Any] = {"success": bool(count) or not refused, "accepted": count, "rejected": listed, **more}
    if body["success"]:
        return Answer(200, _encode(body))
    first = refused[0]
    one = len(refused) == 1
    text = first.message if one else f"None of the {len(refused)} events is valid. The first: {first.message}"
    return Answer(400, _encode({"code": first.code, "message": text, **body}))


def refused(refusal: Refusal) -> Answer:
    """The answer to a request that was refused as a whole."""
    body = {"success": False, "code": refusal.code, "message": refusal.message, "accepted": 0, "rejected": []}
    return Answer(refusal.status, _encode(body), refusal.retry_after, close=refusal.status in (408, 413))


def results(events: Sequence[PackedEvent], refused_items: Sequence[Refused]) -> dict[str, Any]:
    """PostHog's word on each event, by its uuid."""
    said: dict[str, Any] = {event.id: {"result": "ok"} for event in events}
    said |= {r.message_id: {"result": "drop", "details": r.message} for r in refused_items if r.message_id}
    return said

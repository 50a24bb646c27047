"""The way of a request: key, body, items, events, Kafka, answer. One ASGI endpoint for every route that takes events.

It is plain ASGI, since FastAPI's own handling of a request costs as much as reading ten events.
"""

from collections.abc import Callable
from functools import lru_cache

import msgspec
import structlog
from starlette.types import Receive, Scope, Send

from ingest import answers, body, draining, formats, metrics, quick
from ingest.answers import Answer
from ingest.commits import Stream
from ingest.errors import Refusal
from ingest.events import Arrival
from ingest.formats import Format, Outcome, Refused
from ingest.keys import Gate
from ingest.limits import BODY_BYTES, EVENT_BYTES
from ingest.migrations import MIGRATION, Migrations
from ingest.moments import skew_of
from ingest.reading import suspicious
from ingest.requests import Head, head_of
from ingest.settings import IngestSettings
from ingest.shapes import Contents, Shape, open_body
from ingest.sink import Sink
from schemas.clock import Clock
from schemas.keys import Key
from schemas.rejections import Rejection
from schemas.topics import EVENTS, HISTORY

_UNANNOUNCED = 256 * 1024  # room held for a body that does not say how large it is
_log = structlog.get_logger()
_count = lru_cache(1024)(metrics.REQUESTS.labels)


class Parts(msgspec.Struct, frozen=True):
    """What every route works with."""

    sink: Sink
    gate: Gate
    migrations: Migrations
    clock: Clock
    settings: IngestSettings


class Intake:
    """An ASGI endpoint that takes events in one shape. Its answer 200 means: Kafka has them."""

    def __init__(self, parts: Parts, shape: Shape, route: str) -> None:
        self._parts, self._shape, self._route = parts, shape, route

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Takes one request."""
        head = head_of(scope)
        try:
            answer = await self._take(head, receive)
        except Refusal as refusal:
            answer = answers.refused(refusal)
        except Exception:  # noqa: BLE001 - the client gets a code and a message, whatever it was
            _log.exception("a request failed", route=self._route)
            answer = answers.refused(Refusal(500, "internal", "Not kept: the collector failed; its log says why."))
        _count(self._route, str(answer.status)).inc()
        if answer.status == 413:
            await draining.send(answer, receive, send, awaits_go_ahead=head.expects)
        else:
            await answer.send(send)

    async def _take(self, head: Head, receive: Receive) -> Answer:
        """Checks what the head tells before a byte of the body is read."""
        parts = self._parts
        key = await parts.gate.meet(head.secret) if head.secret else None
        size = min(head.length or _UNANNOUNCED, BODY_BYTES)
        parts.sink.reserve(size)
        try:
            plain = body.decompress(await body.read(receive, head.length), head.encoding)
            arrival = Arrival(parts.clock.now(), parts.settings.group_type, parts.settings.keep_ip)
            contents = self._open(plain, key, head, arrival)
            key = key or await parts.gate.meet(contents.key)
            outcome = contents.outcome or self._read(plain, contents, arrival, head)
            parts.gate.charge(key, len(outcome.events) + len(outcome.refused))
        finally:
            parts.sink.release(size)
        if self._shape.keep:
            stream = self._stream(key, head, contents)
            await self._keep(outcome, stream, parts.clock.now(), len(plain))
            if stream.topic == HISTORY and self._shape.format is Format.POSTHOG:
                parts.migrations.heard(key.workspace)
        return self._answer(outcome)

    async def again(self, plain: bytes, key: Key, received: int, new_id: Callable[[], str]) -> Answer:
        """Takes once more what was refused when it came at `received`; what has no id gets a new one."""
        parts, head = self._parts, Head()
        parts.sink.reserve(0)
        arrival = Arrival(received, parts.settings.group_type, parts.settings.keep_ip, new_id)
        contents = self._open(plain, key, head, arrival)
        outcome = contents.outcome or self._read(plain, contents, arrival, head)
        stream = self._stream(key, head, contents)
        await self._keep(outcome, stream, parts.clock.now(), len(plain))
        if stream.topic == HISTORY:
            parts.migrations.heard(key.workspace)
        return self._answer(outcome)

    def _open(self, plain: bytes, key: Key | None, head: Head, arrival: Arrival) -> Contents:
        """The items. A body that is no batch at all is one refused item of a known sender."""
        if self._shape.quick and (contents := quick.read(plain, arrival)):
            return contents
        try:
            return open_body(plain, self._shape.form, head.query, known=key is not None)
        except Refusal as refusal:
            if key is None or refusal.status != 400:
                raise
            whole = Refused(0, plain, refusal.code, "", refusal.message, "")
            return Contents([], outcome=Outcome([], [whole]))

    def _read(self, plain: bytes, contents: Contents, arrival: Arrival, head: Head) -> Outcome:
        kind = self._shape.format or _format(head)
        skew = skew_of(contents.sent_at, arrival.received) if contents.sent_at is not None else 0
        read = formats.reader(kind, arrival, skew, suspicious(plain), self._shape.call)
        return formats.read_all(contents.items, read)

    def _stream(self, key: Key, head: Head, contents: Contents) -> Stream:
        """Where the request's events go: an import's and a migration's are history, which never fires live alerts."""
        match self._shape.format:
            case Format.IMPORT:
                return Stream(HISTORY, key.workspace, head.import_id)
            case Format.POSTHOG if contents.historical:
                return Stream(HISTORY, key.workspace, MIGRATION)
            case _:
                return Stream(EVENTS, key.workspace, key.name)

    async def _keep(self, outcome: Outcome, stream: Stream, now: int, size: int) -> None:
        rejections = [_rejection(item, stream, now, self._route) for item in outcome.refused]
        if outcome.events or rejections:
            await self._parts.sink.keep(stream, outcome.events + outcome.implied, rejections, size)
        metrics.ACCEPTED.labels(stream.topic).inc(len(outcome.events))
        for item in outcome.refused:
            metrics.REJECTED.labels(item.code).inc()
        if outcome.bots:
            metrics.BOTS.inc(outcome.bots)

    def _answer(self, outcome: Outcome) -> Answer:
        if self._shape.results:
            return answers.accepted(outcome, results=answers.results(outcome.events, outcome.refused))
        if self._shape.format is Format.POSTHOG:
            return answers.accepted(outcome, status=1)
        return answers.accepted(outcome)


def _format(head: Head) -> Format:
    """What `/v1/validate?format=` names."""
    name = head.query.get("format", ["segment"])[0]
    try:
        return Format(name)
    except ValueError:
        known = ", ".join(Format)
        raise Refusal(400, "format_unknown", f"The format {name[:40]!r} is unknown; use one of {known}.") from None


def _rejection(item: Refused, stream: Stream, now: int, route: str) -> Rejection:
    message = item.message
    if len(item.raw) > EVENT_BYTES:
        message += f" (Of its {len(item.raw):,} bytes the first {EVENT_BYTES:,} are kept.)"
    return Rejection(
        workspace=stream.workspace,
        index=item.index,
        code=item.code,
        message=message,
        raw=bytes(item.raw[:EVENT_BYTES]),
        received=now,
        field=item.field,
        message_id=item.message_id,
        source=stream.source,
        route=route,
    )

"""The wire formats, and what reading a request's items gives: events, and those refused with their reasons."""

import re
from collections.abc import Callable, Iterable
from enum import StrEnum

import msgspec

from ingest import imports, posthog, reading, segment
from ingest.errors import InvalidError
from ingest.events import BOT, Arrival
from schemas.batches import PackedEvent, pack
from schemas.events import UsageEvent

_ID = re.compile(rb'"(?:messageId|uuid|id)"\s*:\s*"([^"\\]{1,255})"')

Read = Callable[[bytes], list[UsageEvent]]


class Format(StrEnum):
    """What an item of a request is."""

    SEGMENT = "segment"
    POSTHOG = "posthog"
    IMPORT = "import"


class Refused(msgspec.Struct, frozen=True):
    """One item that was not taken: where it stood in the request, its bytes and why."""

    index: int
    raw: bytes
    code: str
    field: str
    message: str
    message_id: str


class Outcome(msgspec.Struct, frozen=True):
    """What a request's items came to, in their order; `bots` of the events are a bot's.

    `implied` are events that nobody sent, yet were said by one that was: kept with them, never counted as accepted.
    """

    events: list[PackedEvent]
    refused: list[Refused]
    bots: int = 0
    implied: list[PackedEvent] = []


def reader(kind: Format, arrival: Arrival, skew: int, careful: bool, call_type: str | None = None) -> Read:
    """How one item becomes an event, and those it implies; `call_type` is what Segment's single routes say by path."""
    match kind:
        case Format.SEGMENT:
            return _segment(arrival, skew, careful, call_type)
        case Format.POSTHOG:

            def read_capture(raw: bytes) -> list[UsageEvent]:
                capture = reading.read(raw, posthog.decode, careful)
                event = posthog.to_event(capture, arrival, skew)
                return [event, *posthog.implied(capture, event)]

            return read_capture
        case Format.IMPORT:
            identities = imports.Identities()

            def read_row(raw: bytes) -> list[UsageEvent]:
                row = reading.read(raw, imports.decode, careful)
                reading.check_depth(row, level=1)
                return [imports.to_event(row, arrival, "" if row.get("id") else identities.of(row))]

            return read_row


def read_all(items: Iterable[bytes], read: Read) -> Outcome:
    """Reads each item on its own."""
    events: list[PackedEvent] = []
    refused: list[Refused] = []
    implied: list[PackedEvent] = []
    bots = 0
    for index, raw in enumerate(items):
        try:
            event, *more = read(raw)
            events.append(_packed(event))
        except InvalidError as error:
            refused.append(Refused(index, raw, error.code, error.field, error.message, _message_id(raw)))
        else:
            implied += map(pack, more)
            bots += BOT in event.properties
    return Outcome(events, refused, bots, implied)


def _packed(event: UsageEvent) -> PackedEvent:
    try:
        return pack(event)
    except OverflowError:
        raise InvalidError(
            "number_out_of_range", "A whole number does not fit into 64 bits; send it as a string.", "properties"
        ) from None


def _segment(arrival: Arrival, skew: int, careful: bool, call_type: str | None) -> Read:
    def read(raw: bytes) -> list[UsageEvent]:
        call = reading.read(raw, segment.decode, careful)
        if call_type is not None:
            call.type = call_type
        return [segment.to_event(call, arrival, skew)]

    return read


def _message_id(raw: bytes) -> str:
    found = _ID.search(raw)
    return found.group(1).decode("utf-8", "replace") if found else ""

"""What a route takes: which wire format, and how its body holds the events."""

from enum import StrEnum
from typing import Any

import msgspec

from ingest import envelopes, imports
from ingest.envelopes import Unread
from ingest.formats import Format, Outcome


class Form(StrEnum):
    """How a body holds its events."""

    BATCH = "batch"  # an object whose field batch lists them, or a bare list
    SINGLE = "single"  # the body is the event
    ANY = "any"  # either
    ROWS = "rows"  # NDJSON, or a bare list


class Shape(msgspec.Struct, frozen=True):
    """A route. `call` is the type a single Segment call has by its path; without a format the query names it.

    `results` answers PostHog's way, event by event; `keep` false only tells what would be answered.
    """

    format: Format | None
    form: Form
    call: str | None = None
    results: bool = False
    keep: bool = True

    @property
    def quick(self) -> bool:
        """Whether the quick room knows it."""
        return self.format is Format.SEGMENT and self.form is Form.BATCH


class Contents(msgspec.Struct):
    """A body's items, unread, or what they came to, and what the body tells of all of them.

    That is the key, the client's own clock, and whether PostHog's client moves its history (`historical`).
    """

    items: list[bytes]
    key: str | None = None
    sent_at: Any = None
    outcome: Outcome | None = None
    historical: bool = False


def open_body(body: bytes, form: Form, query: dict[str, list[str]], *, known: bool) -> Contents:
    """A body's items. Raises a Refusal. `known` senders' single events are not searched for a key."""
    if form is Form.ANY:
        if query.get("format") == [Format.IMPORT]:
            form = Form.ROWS
        elif body.lstrip()[:1] == b"[" or envelopes.open_single(body).batch is not None:
            form = Form.BATCH
        else:
            form = Form.SINGLE
    match form:
        case Form.ROWS:
            is_list = body.lstrip()[:1] == b"["
            return Contents(envelopes.open_list(body) if is_list else envelopes.bounded(imports.lines(body)))
        case Form.SINGLE:
            envelope = Unread() if known else envelopes.open_single(body)
            return Contents([body], envelope.key or (None if known else envelopes.key_in(body)), envelope.sent)
        case _:
            envelope, items = envelopes.open_batch(body)
            return Contents(items, envelope.key, envelope.sent, historical=envelope.historical_migration is True)

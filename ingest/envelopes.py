"""What stands around a batch: its items as bytes of their own, so that one that is broken breaks no other."""

import re
from typing import Any, Generic, TypeVar

import msgspec

from ingest.errors import Refusal
from ingest.limits import BATCH_EVENTS

_KEY = re.compile(rb'"(?:api_key|writeKey|token)"\s*:\s*"([!-~]{1,200}?)"')
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[{]+|[\]}]+|,', re.DOTALL)

Item = TypeVar("Item")


class Envelope(msgspec.Struct, Generic[Item]):
    """A batch's items, read or not, and what is said once for all of them. Any of the fields may hold the key."""

    batch: list[Item] | None = None
    write_key: Any = msgspec.field(default=None, name="writeKey")
    api_key: Any = None
    token: Any = None
    sent_at: Any = None
    sent_at_camel: Any = msgspec.field(default=None, name="sentAt")
    historical_migration: Any = None

    @property
    def key(self) -> str | None:
        """The key that the body itself carries."""
        return next((key for key in (self.api_key, self.write_key, self.token) if key and type(key) is str), None)

    @property
    def sent(self) -> Any:
        """When the client says it sent the batch, by its own clock; anything at all."""
        return self.sent_at if self.sent_at_camel is None else self.sent_at_camel


Unread = Envelope[msgspec.Raw]

_decode = msgspec.json.Decoder(Unread).decode
_decode_items = msgspec.json.Decoder(list[msgspec.Raw]).decode


def open_batch(body: bytes) -> tuple[Unread, list[bytes]]:
    """The envelope and each item's bytes. Raises a Refusal where there is no batch or too much of it.

    >>> envelope, items = open_batch(b'{"writeKey": "k", "batch": [{"a": 1}, {"a": NaN}]}')
    >>> envelope.key, items
    ('k', [b'{"a": 1}', b'{"a": NaN}'])
    """
    if body[:1] == b"[" or body.lstrip()[:1] == b"[":
        items = open_list(body)
        return Unread(api_key=key_in(items[0]) if items else None), items
    try:
        envelope = _decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        found, rest = _split(body, 2)
        if found is None:
            raise _malformed(error) from error
        return _rest(rest), bounded(found)
    if envelope.batch is None:
        raise Refusal(400, "batch_missing", "The body has no field named batch with a list of events.")
    return envelope, [bytes(item) for item in bounded(envelope.batch)]


def open_list(body: bytes) -> list[bytes]:
    """The items of a bare JSON list. Raises a Refusal."""
    try:
        return [bytes(item) for item in bounded(_decode_items(body))]
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        found, _ = _split(body, 1)
        if found is None:
            raise _malformed(error) from error
        return bounded(found)


def open_single(body: bytes) -> Unread:
    """What a single event says of its key and its sender's clock; a broken one is refused later, with its reason."""
    try:
        return _decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return Unread(api_key=key_in(body))


def key_in(event: bytes) -> str | None:
    """The key somewhere in an event's bytes: PostHog's clients put it there when they send bare lists."""
    found = _KEY.search(event)
    return found.group(1).decode() if found else None


def bounded(items: list[Item]) -> list[Item]:
    """The items, unless they are too many. Raises a Refusal."""
    if len(items) > BATCH_EVENTS:
        raise Refusal(
            413,
            "batch_too_large",
            f"The batch has {len(items):,} events, more than {BATCH_EVENTS:,}. Nothing was kept; send smaller batches.",
        )
    return items


def _malformed(error: Exception) -> Refusal:
    said = "it is nested too deep" if isinstance(error, RecursionError) else str(error)
    return Refusal(400, "invalid_json", f"The body can't be read: {said}.")


def _rest(body: bytes) -> Unread:
    try:
        return _decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise _malformed(error) from error


def _split(body: bytes, level: int) -> tuple[list[bytes] | None, bytes]:
    """Items of the list at that depth by brackets alone, and the body with that list left empty.

    Only for what no JSON decoder reads (NaN, 10,000 levels); strings are skipped whole. (None, b"") where there is no
    such list.
    """
    items: list[bytes] = []
    depth, start, key = 0, -1, b""
    opened = -1
    for match in _TOKEN.finditer(body):
        token = match.group()
        first = token[0]
        if first == 0x22:
            if depth == 1:
                key = token
        elif first in b"[{":
            if opened < 0 and depth < level <= depth + len(token) and (level == 1 or key == b'"batch"'):
                start = opened = match.start() + level - depth
            depth += len(token)
        elif first in b"]}":
            if opened >= 0 and depth - len(token) < level:
                end = match.start() + depth - level
                if body[start:end].strip() or items:
                    items.append(body[start:end].strip())
                return items, body[:opened] + body[end:]
            depth -= len(token)
        elif opened >= 0 and depth == level:
            items.append(body[start : match.start()].strip())
            start = match.end()
    return None, b""

"""Rows of an import as events: history, one JSON object each.

`{"time": …, "account": …, "user": …, "behavior": …, "id": …, "properties": {…}}`; `timestamp` and `event` are other
names for time and behavior, and any other field is a property.

>>> from ingest.events import Arrival
>>> row = decode(b'{"time": "2024-01-01", "account": "acme", "user": "ada", "behavior": "report", "rows": 7}')
>>> event = to_event(row, Arrival(received=1_720_000_000_000), row_id="h")
>>> event.id, event.time, event.name, event.properties
('h', 1704067200000, 'report', {'rows': 7})
"""

import hashlib
from typing import Any

import msgspec

from ingest.errors import InvalidError
from ingest.events import Arrival, build, text_of
from ingest.moments import happened_at
from schemas.events import Kind, UsageEvent

_OWN = frozenset({"time", "account", "user", "behavior", "id", "properties", "timestamp", "event"})

decode = msgspec.json.Decoder(dict[str, Any]).decode
_encode = msgspec.json.Encoder(order="deterministic").encode


class Identities:
    """Gives a row without an id one: a hash of what it says, and which of its equals in the request it is.

    So a request that is sent twice counts once, while equal rows of one request all count.
    """

    def __init__(self) -> None:
        self._seen: dict[bytes, int] = {}

    def of(self, row: dict[str, Any]) -> str:
        """The row's id, 32 hex digits and its occurrence."""
        digest = hashlib.blake2b(_encode(row), digest_size=16).digest()
        occurrence = self._seen.get(digest, 0)
        self._seen[digest] = occurrence + 1
        return f"{digest.hex()}-{occurrence}"


def to_event(row: dict[str, Any], arrival: Arrival, row_id: str) -> UsageEvent:
    """A row as an event; `row_id` is used where the row has no id of its own. Raises InvalidError."""
    moment = _scalar(row, "time", "timestamp")
    if moment is None:
        raise InvalidError("time_missing", "The row has no time; history can't be placed without one.", "time")
    name = _scalar(row, "behavior", "event")
    if name is not None and type(name) is not str:
        raise InvalidError("wrong_type", "The behavior is no text.", "behavior")
    properties = row.get("properties") or {}
    if type(properties) is not dict:
        raise InvalidError("wrong_type", "The properties are no object.", "properties")
    more = {key: value for key, value in row.items() if key not in _OWN}
    return build(
        arrival,
        id=text_of(_scalar(row, "id"), "id") or row_id,
        time=happened_at(moment, 0, arrival.received),
        kind=Kind.TRACK,
        name=str(name or ""),
        account=text_of(_scalar(row, "account"), "account"),
        user=text_of(_scalar(row, "user"), "user"),
        properties=more | properties,
    )


def lines(body: bytes) -> list[bytes]:
    """The rows of NDJSON; blank lines are none."""
    return [line for line in body.splitlines() if line.strip()]


def _scalar(row: dict[str, Any], *names: str) -> str | int | float | None:
    for name in names:
        value = row.get(name)
        if value is None or value == "":
            continue
        if type(value) not in (str, int, float):
            raise InvalidError("wrong_type", f"The field {name} is neither text nor a number.", name)
        return value  # type: ignore[no-any-return]
    return None

"""Rows as lines of an import's body, each under an id that the same row has in every import."""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from deploy.local.importing.rows import Row
from schemas.clock import to_datetime

MAX_EVENTS = 2_000
MAX_BYTES = 8_000_000


class Payload(msgspec.Struct, frozen=True):
    """A row and its line of NDJSON, which is empty where the row can't be sent."""

    row: Row
    line: bytes


class Request(msgspec.Struct, frozen=True):
    """One body's payloads; every row of the file up to line `last_line` is in it or in one before."""

    payloads: list[Payload]
    last_line: int

    @property
    def body(self) -> bytes:
        """The NDJSON."""
        return b"".join(payload.line for payload in self.payloads)


class Identities:
    """Gives each row its id: a hash of what it says, and which of its equals within the file it is.

    So a file that is imported twice, or overlaps with another, counts each row once, while equal rows of one file all
    count.
    """

    def __init__(self) -> None:
        self._seen: dict[bytes, int] = {}

    def of(self, row: Row) -> str:
        """The row's id. Raises UnicodeEncodeError for text that is not valid UTF-8."""
        said = _encode((row.time, row.account, row.user, row.behavior, row.properties))
        digest = hashlib.blake2b(said, digest_size=16).digest()
        occurrence = self._seen.get(digest, 0)
        self._seen[digest] = occurrence + 1
        return f"{digest.hex()}-{occurrence}"


def to_payloads(rows: Iterable[Row]) -> Iterator[Payload]:
    """Every row with its line; those that can't be sent keep their problem."""
    identities = Identities()
    for row in rows:
        if row.problem:
            yield Payload(row, b"")
            continue
        try:
            yield Payload(row, _line(identities.of(row), row))
        except UnicodeEncodeError:
            yield Payload(Row(row.line, problem="it is not valid UTF-8"), b"")


def to_requests(payloads: Iterable[Payload]) -> Iterator[Request]:
    """Payloads in as few bodies as the collector takes, in order."""
    held: list[Payload] = []
    size = 0
    for payload in payloads:
        if held and (len(held) == MAX_EVENTS or size + len(payload.line) > MAX_BYTES):
            yield Request(held, held[-1].row.line)
            held, size = [], 0
        held.append(payload)
        size += len(payload.line)
    if held:
        yield Request(held, held[-1].row.line)


def import_id_of(path: Path) -> str:
    """The import's id: a hash of the file, so that the same file is the same import."""
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def _line(row_id: str, row: Row) -> bytes:
    # A number before 1973 would be taken for seconds.
    moment = row.time if row.time >= 100_000_000_000 else to_datetime(row.time).isoformat()
    said = {"id": row_id, "time": moment, "account": row.account, "user": row.user, "behavior": row.behavior}
    return _encode({key: value for key, value in said.items() if value} | {"properties": row.properties}) + b"\n"


_encode = msgspec.json.Encoder(order="deterministic").encode

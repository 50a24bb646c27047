"""What Kafka hands over, read: batches that can be folded, and records that can't, with the reason."""

from collections.abc import Container, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from schemas.batches import EventBatch, decode
from schemas.database.rows import Refused
from schemas.errors import DecodeError, EbbtideError
from schemas.events import Kind, UsageEvent

_LATEST = 4_102_444_800_000  # 2100: later times are broken clocks, and fit no calendar
LONGEST = 4096


class GapError(EbbtideError):
    """A record that is not the one that should follow; the partition is read again from where the database is."""


class LostError(EbbtideError):
    """Records were deleted from the topic before they were folded; a person has to decide."""


class Span(NamedTuple):
    """What Kafka holds of a partition: first offset, end, and how many partitions the topic has."""

    begin: int
    end: int
    partitions: int


class Chunk(NamedTuple):
    """Consecutive records of one partition: their offsets and raw values."""

    topic: int
    partition: int
    records: Sequence[tuple[int, bytes]]


class Record(NamedTuple):
    """One readable record, or those of its events that are `mine`, to be counted in the partition `away` from it."""

    topic: int
    partition: int
    offset: int
    batch: EventBatch
    away: int | None = None
    mine: NDArray[np.bool_] | None = None

    @property
    def home(self) -> int:
        """The partition that its events are counted in."""
        return self.partition if self.away is None else self.away

    @property
    def size(self) -> int:
        """How many events are to be counted."""
        return len(self.batch) if self.mine is None else int(np.count_nonzero(self.mine))


def follow(chunk: Chunk, expected: int) -> Sequence[tuple[int, bytes]]:
    """The records from `expected` on; earlier ones are counted already. Raises GapError where one is missing."""
    records = [record for record in chunk.records if record[0] >= expected]
    if records and (records[0][0] != expected or records[-1][0] != expected + len(records) - 1):
        raise GapError(f"partition {chunk.partition} goes on at offset {records[0][0]}, expected {expected}")
    return records


def read(
    chunk: Chunk, records: Sequence[tuple[int, bytes]], workspaces: Container[int], now: int
) -> tuple[list[Record], list[Refused]]:
    """Decodes records; those that are broken, or of a workspace that is not there, are refused whole."""
    good: list[Record] = []
    bad: list[Refused] = []
    for offset, value in records:
        try:
            batch = decode(value)
            _check(batch, workspaces)
            good.append(Record(chunk.topic, chunk.partition, offset, batch))
        except DecodeError as error:
            reason = ("record.unreadable", str(error), bytes(value), now)
            bad.append(Refused(chunk.topic, chunk.partition, offset, 0, None, *reason))
    return good, bad


def _check(batch: EventBatch, workspaces: Container[int]) -> None:
    if not len(batch) and not batch.closes:
        return
    if batch.workspace not in workspaces:
        raise DecodeError(f"there is no workspace {batch.workspace}")
    for strings in (batch.names, batch.accounts, batch.users):
        if strings and ("\0" in "".join(strings) or max(map(len, strings)) > LONGEST):
            raise DecodeError("a name, account or user holds a NUL character or is too long")
    if len(batch) and not 0 <= batch.times.min() <= batch.times.max() < _LATEST:
        raise DecodeError("an event's time is before 1970 or after 2100")


class Reader:
    """Rows of one batch: message ids and properties are decoded once, and only when somebody asks."""

    def __init__(self, batch: EventBatch) -> None:
        self.batch = batch
        self._ids: list[str] | None = None
        self._raw: list[bytes] | None = None

    def name(self, i: int) -> str:
        """The i-th event's name; empty where it has none."""
        return self.batch.names[self.batch.name_index[i]] if self.batch.name_index[i] >= 0 else ""

    def properties(self, i: int) -> dict[str, object]:
        """The i-th event's properties."""
        if self._raw is None:
            self._raw = self.batch.raw_properties()
        return msgspec.msgpack.decode(self._raw[i], type=dict[str, object])

    def event(self, i: int) -> UsageEvent:
        """The i-th event as a row."""
        if self._ids is None:
            self._ids = self.batch.message_ids()
        batch = self.batch
        account, user = int(batch.account_index[i]), int(batch.user_index[i])
        return UsageEvent(
            id=self._ids[i],
            time=int(batch.times[i]),
            kind=Kind(int(batch.kinds[i])),
            name=self.name(i),
            account=None if account < 0 else batch.accounts[account],
            user=None if user < 0 else batch.users[user],
            properties=self.properties(i),
        )

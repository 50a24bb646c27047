"""What shares a group commit, and the Kafka records it becomes."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

import msgspec

from ingest.kafka import Record
from schemas.batches import PackedEvent, encode_packed
from schemas.rejections import Rejection
from schemas.topics import REJECTED, slot_of

LARGE = 4 << 20
_RECORD_EVENTS = 100  # of a large commit: with 64 KiB an event a record stays below what a broker takes

_pack = msgspec.msgpack.Encoder().encode
_slot = lru_cache(1 << 16)(slot_of)


class Stream(msgspec.Struct, frozen=True):
    """What may share a record: the topic, the workspace and the source."""

    topic: str
    workspace: int
    source: str


class Commit:
    """One group commit: first what waits to be produced, then who waits for Kafka's word on it."""

    def __init__(self) -> None:
        self.events: defaultdict[Stream, list[PackedEvent]] = defaultdict(list)
        self.records: list[Record] = []
        self.count = 0
        self.size = 0
        self.produced = 0.0
        self.error: Exception | None = None
        self._settled = asyncio.Event()

    def add(self, stream: Stream, events: Sequence[PackedEvent], rejections: Sequence[Rejection], size: int) -> None:
        """Takes in one request; `size` is its body's in bytes."""
        if events:
            self.events[stream].extend(events)
        self.records += [Record(REJECTED, 0, _pack(rejection)) for rejection in rejections]
        self.count += len(events) + len(rejections)
        self.size += size

    def encode(self, received: int, partitions: Callable[[str], int]) -> list[Record]:
        """All of it as records, stamped with the moment of the commit (ms)."""
        for stream, events in self.events.items():
            self.records += _records(stream, events, received, partitions(stream.topic), self.size > LARGE)
        self.events.clear()
        return self.records

    def settle(self, error: Exception | None) -> None:
        """Kafka has all of it, or not: everyone who waits goes on. Only the first word counts."""
        if not self._settled.is_set():
            self.error = error
            self.records = []
            self._settled.set()

    async def wait(self) -> Exception | None:
        """Waits for that word."""
        await self._settled.wait()
        return self.error


def _records(
    stream: Stream, events: Sequence[PackedEvent], received: int, partitions: int, large: bool
) -> Iterator[Record]:
    parts: defaultdict[int, tuple[list[PackedEvent], list[int]]] = defaultdict(lambda: ([], []))
    for event in events:
        slot = _slot(stream.workspace, event.account or event.user or event.id)
        mine, slots = parts[slot % partitions]
        mine.append(event)
        slots.append(slot)
    for partition, (mine, slots) in parts.items():
        step = _RECORD_EVENTS if large else len(mine)
        for i in range(0, len(mine), step):
            value = encode_packed(stream.workspace, received, stream.source, mine[i : i + step], slots[i : i + step])
            yield Record(stream.topic, partition, value)

"""Keeps the fold running: gathers fetched records, folds them in a thread, retries, acknowledges."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Set
from typing import Any, NamedTuple, TypeVar

import structlog

from schemas.clock import Clock
from schemas.database.definitions import Registered
from schemas.database.partitions import begin_partitions
from schemas.errors import FencedError, UnavailableError
from streams import metrics
from streams.folding.folder import Folded, Folder
from streams.folding.records import Chunk, GapError, LostError, Span

_log = structlog.get_logger()
Key = tuple[int, int]  # topic's number, partition
T = TypeVar("T")
UNDER_WAY = 5.0  # seconds for which what was fetched before a partition was sought may still come


class Fetched(NamedTuple):
    """A fetch of one partition, and how to acknowledge it."""

    key: Key
    records: list[tuple[int, bytes]]
    size: int
    ack: Callable[[], object]


class Runner:
    """One fold at a time. `reseek` makes Kafka hand partitions over again from where the database stands."""

    def __init__(
        self,
        folder: Folder,
        clock: Clock,
        reseek: Callable[[set[Key]], Awaitable[None]],
        *,
        limit: int,
        linger: float,
        patience: float,
    ) -> None:
        self.folder = folder
        self.lock = asyncio.Lock()
        self.progress_at = time.monotonic()
        self.partitions: set[Key] = set()
        self._begun_at: dict[Key, int] = {}
        self._sought_at: dict[Key, float] = {}
        self.begun = False
        self.joined = asyncio.Event()
        self.stepped = asyncio.Event()
        self.strayed = asyncio.Event()
        self.touched: set[tuple[int, int, int]] = set()
        self.declared: list[Registered] = []
        self._clock = clock
        self.reseek = reseek
        self._limit, self._linger, self._patience = limit, linger, patience
        self._waiting: list[Fetched] = []
        self.size = 0
        self._changed = asyncio.Condition()

    async def put(self, fetched: Fetched) -> None:
        """Takes a fetch; waits while more is waiting than two transactions hold."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.size < 2 * self._limit)
            self._waiting.append(fetched)
            self.size += fetched.size
            self._changed.notify_all()

    async def run(self) -> None:
        """Folds what is put, for ever. Ends only by an error that retrying does not mend."""
        while True:
            if not (batch := self._fresh(await self._take())):
                continue
            try:
                async with self.lock:
                    await self._fold(_chunks(batch, self.partitions))
            except (FencedError, GapError) as error:
                metrics.FENCED.inc()
                _log.warning("fold.again", reason=str(error))
                await self.reseek({fetched.key for fetched in batch})
            else:
                for fetched in batch:
                    fetched.ack()

    async def begin(self, spans: Mapping[Key, Span], *, all_of_them: bool = True) -> dict[Key, int]:
        """Takes over partitions: from which offsets each is to be read. What waited of them is dropped; it comes again.

        What is held of a partition is kept where the database has not moved since; `all_of_them` says that no others
        are ours any more.
        """
        async with self._changed:
            self._waiting = [one for one in self._waiting if not all_of_them and one.key not in spans]
            self.size = sum(one.size for one in self._waiting)
            self._changed.notify_all()
        async with self.lock:
            starts = {key: span.begin for key, span in spans.items()}
            counts = {topic: max(s.partitions for key, s in spans.items() if key[0] == topic) for topic, _ in spans}
            found = await self.patiently(begin_partitions, self.folder.database, starts, counts)
            for key, span in spans.items():
                _check(key, span, found[key].next_offset)
            self.folder.keep(found, all_of_them)
            self._begun_at |= {key: position.next_offset for key, position in found.items()}
            self.partitions = set(spans) if all_of_them else self.partitions | spans.keys()
            self.progress_at, self.begun = time.monotonic(), True
            self._sought_at |= dict.fromkeys(spans, self.progress_at)
        return {key: position.next_offset for key, position in found.items()}

    def reached(self, key: Key) -> int:
        """The next offset of one of our partitions."""
        held = self.folder.partitions.get(key)
        return held.at.next_offset if held else self._begun_at[key]

    async def patiently(self, work: Callable[..., T], *arguments: Any) -> T:
        """Runs `work` in a thread, again and again while the database does not answer, until patience is spent."""
        deadline, pause = time.monotonic() + self._patience, 0.1
        while True:
            try:
                return await asyncio.to_thread(work, *arguments)
            except UnavailableError as error:
                if time.monotonic() + pause > deadline:
                    raise
                _log.warning("database.retry", reason=str(error), seconds=pause)
                await asyncio.sleep(pause)
                pause = min(2 * pause, 5.0)

    async def _take(self) -> list[Fetched]:
        async with self._changed:
            await self._changed.wait_for(lambda: self._waiting)
            try:
                async with asyncio.timeout(self._linger):
                    await self._changed.wait_for(lambda: self.size >= self._limit)
            except TimeoutError:
                pass
            taken, rest = _first(self._waiting, self._limit)
            self._waiting, self.size = rest, sum(fetched.size for fetched in rest)
            self._changed.notify_all()
            return taken

    def _fresh(self, batch: list[Fetched]) -> list[Fetched]:
        """Without what was fetched before its partition was sought: another gap would only have it sought again."""
        fresh, expected = list[Fetched](), dict[Key, int]()
        for fetched in batch:
            key = fetched.key
            if key in self.partitions and time.monotonic() < self._sought_at[key] + UNDER_WAY and fetched.records:
                at = expected.get(key, self.reached(key))
                if fetched.records[0][0] > at:
                    continue
                expected[key] = max(at, fetched.records[-1][0] + 1)
            fresh.append(fetched)
        return fresh

    async def _fold(self, chunks: list[Chunk]) -> None:
        started = time.perf_counter()
        write, folded = await self.patiently(lambda: self.folder.prepare(chunks, self._clock.now(), time.monotonic()))
        prepared = time.perf_counter()
        if write.moved:
            await self.patiently(self.folder.commit, write, self._clock.now())
            metrics.TRANSACTION.observe(time.perf_counter() - prepared)
        metrics.PREPARE.observe(prepared - started)
        self.note(folded)

    def note(self, folded: Folded) -> None:
        """Notes what a transaction came to, and wakes up who has to go on with it."""
        self.progress_at = time.monotonic()
        self.touched |= folded.touched
        metrics.observe(folded, self.folder)
        if folded.joined:
            self.joined.set()
        if folded.stepped:
            self.stepped.set()
        if folded.strays:
            self.strayed.set()


def _first(waiting: list[Fetched], limit: int) -> tuple[list[Fetched], list[Fetched]]:
    """The fetches of one transaction, live events before history, and the rest in the order they came."""
    taken: list[Fetched] = []
    size = 0
    for fetched in sorted(waiting, key=lambda one: one.key[0]):
        if taken and size + fetched.size > limit:
            break
        taken.append(fetched)
        size += fetched.size
    left = {id(fetched) for fetched in taken}
    return taken, [fetched for fetched in waiting if id(fetched) not in left]


def _chunks(batch: list[Fetched], partitions: Set[Key]) -> list[Chunk]:
    """One chunk for each partition; fetches that were counted before the assignment changed are left out."""
    records: dict[Key, list[tuple[int, bytes]]] = {}
    for fetched in batch:
        records.setdefault(fetched.key, []).extend(fetched.records)
    return [Chunk(*key, records[key]) for key in sorted(records) if key in partitions]


def _check(key: Key, span: Span, stored: int) -> None:
    if not span.begin <= stored <= span.end:
        raise LostError(
            f"Partition {key[1]} of topic {key[0]} is folded up to offset {stored}, but Kafka holds {span.begin} to "
            f"{span.end}: records were deleted before they were folded, or the topic was made anew. Nothing was "
            "changed. Set offsets.next_offset of this partition by hand to go on without them."
        )

"""One micro-batch, from raw records to a committed transaction."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from schemas.clock import HOUR_MS
from schemas.database.copying import steps_data, windows_data
from schemas.database.fold import Write, commit
from schemas.database.rows import Added, Closing, CountedIds, Moved
from schemas.database.sessions import Database
from schemas.errors import FencedError
from schemas.topics import HISTORY, TOPIC_CODES
from streams.fold import Integers, fold
from streams.folding import customers, lateness
from streams.folding.counting import count, path_steps
from streams.folding.definitions import Declared, Names
from streams.folding.gathering import Gathered, learn_and_gather
from streams.folding.memberships import Memberships
from streams.folding.numbers import Numbers
from streams.folding.partitions import Partition, load
from streams.folding.records import Chunk, Record, follow, read
from streams.folding.workspaces import Workspaces


@dataclass
class Folded:
    """What one micro-batch came to."""

    events: int = 0
    history: int = 0
    counted: int = 0
    duplicates: int = 0
    unassigned: int = 0
    unnamed: int = 0
    late: int = 0
    refused: int = 0
    windows: int = 0
    touched: set[tuple[int, int, int]] = field(default_factory=set)  # topic, partition, UTC day
    joined: bool = False
    stepped: bool = False  # users are further on a path


@dataclass
class Folder:
    """Folds micro-batches. Not safe for threads: whoever owns it calls it from one at a time.

    What it holds of a partition is what the database holds; after any error but a retried commit it is dropped.
    """

    database: Database
    workspaces: Workspaces
    accounts: Numbers
    users: Numbers
    names: Names
    memberships: Memberships
    dedupe_limit: int
    declared: Callable[[], dict[int, list[Declared]]] = dict
    partitions: dict[tuple[int, int], Partition] = field(default_factory=dict)

    def prepare(self, chunks: Sequence[Chunk], now: int, tick: float) -> tuple[Write, Folded]:
        """Works out what the chunks' records change; one chunk a partition. `now` is ms, `tick` monotonic seconds."""
        try:
            return self._prepare(chunks, now, tick)
        except BaseException:
            self.forget({(chunk.topic, chunk.partition) for chunk in chunks})
            raise

    def _prepare(self, chunks: Sequence[Chunk], now: int, tick: float) -> tuple[Write, Folded]:
        write, folded = Write(), Folded()
        records: list[Record] = []
        for chunk in chunks:
            records += self._take(chunk, write, now)
        gathered = learn_and_gather(records, self.accounts, self.users, self.names)
        new = self._new(gathered, write, now)
        customers.apply(gathered, new, self.memberships, self.accounts, self.users, write, tick)
        account = customers.resolve(gathered, new, self.memberships, tick)
        counted = customers.countable(gathered, new, account)
        write.signals = customers.signals(gathered, new, account)
        write.unassigned = customers.unassigned(gathered, new, account)
        self._count(gathered, counted, account, write, folded)
        folded.events, folded.counted = len(gathered), len(counted)
        folded.history = sum(len(record.batch) for record in records if record.topic == TOPIC_CODES[HISTORY])
        folded.duplicates = len(gathered) - int(np.count_nonzero(new))
        folded.unassigned, folded.refused, folded.joined = len(write.unassigned), len(write.refused), bool(write.joined)
        return write, folded

    def commit(self, write: Write, now: int) -> None:
        """Makes it true, and moves on. May be called again after an UnavailableError; FencedError drops memory."""
        try:
            commit(self.database, write, now)
        except FencedError:
            self.forget({(row.topic, row.partition) for row in write.moved})
            raise
        for row in write.moved:
            partition = self.partitions[row.topic, row.partition]
            beat = max((b for b in (row.heartbeat, partition.at.heartbeat) if b is not None), default=None)
            partition.at = partition.at._replace(next_offset=row.next, heartbeat=beat)
            partition.dedupe.trim()

    def forget(self, partitions: set[tuple[int, int]]) -> None:
        """Drops what is held of partitions; it is read from the database when they are folded again."""
        for key in partitions:
            self.partitions.pop(key, None)
        self.memberships.forget()

    def keep(self, found: Mapping[tuple[int, int], tuple[int, int]], all_of_them: bool) -> None:
        """Drops what is held of partitions that are elsewhere than (next offset, partitions of the topic) says."""
        stale = {
            key
            for key, held in self.partitions.items()
            if (key in found or all_of_them) and found.get(key) != (held.at.next_offset, held.partitions)
        }
        self.forget(stale)

    def _take(self, chunk: Chunk, write: Write, now: int) -> list[Record]:
        """The chunk's readable records that are not folded yet; notes how far they go."""
        key = chunk.topic, chunk.partition
        if key not in self.partitions:
            self.partitions[key] = load(self.database, *chunk[:3], self.dedupe_limit, now // HOUR_MS)
            self.names.declare(self.declared())
        expected = self.partitions[key].at.next_offset
        values = follow(chunk, expected)
        if not values:
            return []
        good, bad = read(chunk, values, self.workspaces, now)
        write.refused += bad
        beats = [record.batch.received for record in good if record.batch.is_heartbeat]
        write.moved.append(Moved(*key, expected, values[-1][0] + 1, max(beats, default=None)))
        write.closings += [
            Closing(record.batch.workspace, record.batch.closes, chunk.partition, chunk.partitions)
            for record in good
            if record.batch.closes
        ]
        return [record for record in good if len(record.batch)]

    def _new(self, gathered: Gathered, write: Write, now: int) -> NDArray[np.bool_]:
        """Which events were not counted before, as booleans; notes their ids."""
        new = np.zeros(len(gathered), bool)
        hours = [record.batch.received // HOUR_MS for record in gathered.records]
        keys = [(r.topic, r.partition, hour) for r, hour in zip(gathered.records, hours, strict=True)]
        ends = [*gathered.start.tolist(), len(gathered)]
        first = 0
        for i in range(1, len(keys) + 1):
            if i < len(keys) and keys[i] == keys[first]:
                continue
            span = slice(ends[first], ends[i])
            partition, hour = self.partitions[keys[first][:2]], keys[first][2]
            partition.reach(min(hour, now // HOUR_MS))
            new[span] = partition.dedupe.add(gathered.ids[span], hour)
            self._note(partition, hour, gathered.records[first].offset, gathered.ids[span][new[span]].tobytes(), write)
            first = i
        return new

    def _note(self, partition: Partition, hour: int, offset: int, ids: bytes, write: Write) -> None:
        if ids:
            key = partition.topic, partition.partition, partition.partitions
            write.ids.append(CountedIds(*key, hour, offset, ids))

    def _count(self, gathered: Gathered, counted: Integers, account: Integers, write: Write, folded: Folded) -> None:
        if not len(counted):
            return
        rows = count(gathered, counted, account, self.names)
        deltas = fold(rows, gathered.streams)
        steps = steps_data(path_steps(gathered, counted, account, self.names))
        folded.windows, folded.stepped = len(deltas), bool(steps)
        folded.unnamed = int(np.count_nonzero(self.names.automatic(gathered.code[counted]) < 0))
        heartbeats = {key: partition.at.heartbeat for key, partition in self.partitions.items()}
        late, folded.late = lateness.late(deltas, heartbeats)
        write.added = Added(windows_data(deltas), steps, late)
        folded.touched = lateness.touched(deltas)

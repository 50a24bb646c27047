"""One micro-batch, from raw records to a committed transaction."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from schemas.batches import EventBatch
from schemas.clock import HOUR_MS
from schemas.database.copying import steps_data, windows_data
from schemas.database.fold import Write, commit
from schemas.database.partitions import Position
from schemas.database.rows import Added, Closing, Moved, Stray
from schemas.database.sessions import Database
from schemas.errors import FencedError
from schemas.topics import HISTORY, TOPIC_CODES
from streams.fold import Integers, fold
from streams.folding import customers, lateness
from streams.folding.counting import count, path_steps
from streams.folding.definitions import Declared, Names
from streams.folding.gathering import Gathered, learn_and_gather
from streams.folding.homes import come_home, sort_out
from streams.folding.memberships import Memberships
from streams.folding.novelty import novel
from streams.folding.numbers import Numbers
from streams.folding.partitions import Partition, load
from streams.folding.records import Chunk, Record, follow, read
from streams.folding.seen import Seen
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
    strays: int = 0
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
    seen: Seen
    dedupe_limit: int
    declared: Callable[[], dict[int, list[Declared]]] = dict
    partitions: dict[tuple[int, int], Partition] = field(default_factory=dict)

    def prepare(self, chunks: Sequence[Chunk], now: int, tick: float) -> tuple[Write, Folded]:
        """Works out what the chunks' records change; one chunk a partition. `now` is ms, `tick` monotonic seconds."""
        write = Write()
        try:
            records = [record for chunk in chunks for record in self._take(chunk, write, now)]
            return write, self._prepare(records, write, now, tick)
        except BaseException:
            self.forget({(chunk.topic, chunk.partition) for chunk in chunks})
            raise

    def prepare_strays(self, strays: Sequence[Stray], now: int, tick: float) -> tuple[Write, Folded]:
        """Works out what strays change that have come home. What they change may have been evaluated already."""
        write = Write()
        try:
            return write, self._prepare(self._take_in(strays, write, now), write, now, tick)
        except BaseException:
            self.forget({(stray.topic, stray.home) for stray in strays})
            raise

    def _prepare(self, records: Sequence[Record], write: Write, now: int, tick: float) -> Folded:
        folded = Folded()
        gathered = learn_and_gather(records, self.accounts, self.users, self.names)
        new, write.ids = novel(gathered, self.partitions, now)
        customers.apply(gathered, new, self.memberships, self.accounts, self.users, write, tick)
        account = customers.resolve(gathered, new, self.memberships, tick)
        counted = customers.countable(gathered, new, account)
        write.signals = customers.signals(gathered, new, account)
        write.unassigned = customers.unassigned(gathered, new, account)
        self._count(gathered, counted, account, write, folded)
        folded.events, folded.counted = sum(record.size for record in records), len(counted)
        folded.history = sum(record.size for record in records if record.topic == TOPIC_CODES[HISTORY])
        folded.duplicates = folded.events - int(np.count_nonzero(new))
        folded.strays = len(write.strays)
        folded.unassigned, folded.refused = len(write.unassigned), len(write.refused)
        folded.joined = bool(write.joined or write.aliases)
        return folded

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
            partition.at = partition.at._replace(next_offset=row.next, heartbeat=beat, version=row.version + 1)
            partition.dedupe.trim()
        if write.aliases:
            self.memberships.forget()  # a person's memberships are those of all its ids

    def forget(self, partitions: set[tuple[int, int]]) -> None:
        """Drops what is held of partitions; it is read from the database when they are folded again."""
        for key in partitions:
            self.partitions.pop(key, None)
        self.memberships.forget()

    def moved_on(self, partitions: Mapping[tuple[int, int], Position]) -> None:
        """Takes over versions that we moved on ourselves, by one each; what else has changed is fenced later."""
        for key, at in partitions.items():
            held = self.partitions.get(key)
            if held is not None and held.at.version == at.version - 1:
                held.at = held.at._replace(version=at.version)

    def keep(self, found: Mapping[tuple[int, int], Position], all_of_them: bool) -> None:
        """Drops what is held of partitions that have been moved on since, or (`all_of_them`) are not ours any more."""
        stale = {
            key
            for key, held in self.partitions.items()
            if (key in found or all_of_them) and (key not in found or found[key].version != held.at.version)
        }
        self.forget(stale)

    def _take(self, chunk: Chunk, write: Write, now: int) -> list[Record]:
        """The chunk's readable records that are not folded yet; notes how far they go."""
        key = chunk.topic, chunk.partition
        at = self._held(key, now).at
        values = follow(chunk, at.next_offset)
        if not values:
            return []
        good, bad = read(chunk, values, self.workspaces, now)
        write.refused += bad
        beats = [record.batch.received for record in good if record.batch.is_heartbeat]
        write.moved.append(Moved(*key, at.version, values[-1][0] + 1, max(beats, default=None)))
        write.closings += [_closing(record.batch, chunk.partition, at) for record in good if record.batch.closes]
        full = [record for record in good if len(record.batch)]
        records, strays = sort_out(full, dict(values), chunk.partition, at.partitions)
        write.strays += strays
        return records

    def _take_in(self, strays: Sequence[Stray], write: Write, now: int) -> list[Record]:
        """The strays as records of their homes."""
        records: list[Record] = []
        for key in sorted({(stray.topic, stray.home) for stray in strays}):
            at = self._held(key, now).at
            write.moved.append(Moved(*key, at.version, at.next_offset, None))
            for stray in strays:
                if (stray.topic, stray.home) == key:
                    record, others = come_home(stray, at.partitions)
                    records += [record] if record.size else []
                    write.strays += others
        write.came_home = [stray.id for stray in strays]
        return records

    def _held(self, key: tuple[int, int], now: int) -> Partition:
        """What we hold of a partition, read from the database where we hold nothing."""
        if key not in self.partitions:
            self.partitions[key] = load(self.database, *key, self.dedupe_limit, now // HOUR_MS)
            self.names.declare(self.declared())
        return self.partitions[key]

    def _count(self, gathered: Gathered, counted: Integers, account: Integers, write: Write, folded: Folded) -> None:
        if not len(counted):
            return
        rows = count(gathered, counted, account, self.names)
        deltas = fold(rows, gathered.streams)
        self.seen.add(deltas)
        steps = steps_data(path_steps(gathered, counted, account, self.names))
        folded.windows, folded.stepped = len(deltas), bool(steps)
        folded.unnamed = int(np.count_nonzero(self.names.automatic(gathered.code[counted]) < 0))
        if write.came_home:
            late = lateness.always(deltas)  # the heartbeats of where they came from went on without them
        else:
            heartbeats = {key: partition.at.heartbeat for key, partition in self.partitions.items()}
            late, folded.late = lateness.late(deltas, heartbeats)
        write.added = Added(windows_data(deltas), steps, late)
        folded.touched = lateness.touched(deltas)


def _closing(batch: EventBatch, partition: int, at: Position) -> Closing:
    return Closing(batch.workspace, batch.closes, partition, batch.closes_in or at.partitions)

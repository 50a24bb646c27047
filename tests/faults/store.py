"""What stands for the database in the simulation: the transactions of `schemas.database`, on dictionaries.

Each transaction happens at once or not at all; the fence is the same compare-and-set of versions.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from math import gcd
from typing import Any
from unittest.mock import patch

import numpy as np

from schemas.clock import HOUR_MS, to_datetime
from schemas.database.fold import Write
from schemas.database.partitions import Position
from schemas.database.rows import CountedIds, Stray
from schemas.database.watermark import LATENESS_MS, Due
from schemas.errors import FencedError, UnavailableError
from schemas.windows import ALL_NUMBER
from streams.dedupe import Dedupe, Ids
from streams.fold import Deltas
from streams.folding import folder
from streams.folding.partitions import Partition

TOPIC = 0
Window = tuple[int, int]  # account's number, hour


@dataclass
class Store:
    """The tables that the fold and the evaluation write. `silent` makes the next commits true without saying so."""

    offsets: dict[int, Position] = field(default_factory=dict)
    windows: dict[Window, tuple[int, int]] = field(default_factory=dict)  # events, sum of ids
    ids: list[CountedIds] = field(default_factory=list)
    waiting: Counter[bytes] = field(default_factory=Counter)
    strays: dict[int, Stray] = field(default_factory=dict)
    dirty_from: int | None = None
    evaluated_to: int | None = None
    judged: dict[Window, int] = field(default_factory=dict)  # events, as the last evaluation saw them
    silent: bool = False
    handed_over: int = 0

    def begin(self, wanted: Mapping[int, int], count: int) -> dict[tuple[int, int], Position]:
        """`begin_partitions`: those never seen begin; where the topic has grown its slots are dealt anew."""
        if wanted.keys() - self.offsets.keys() or any(at.partitions < count for at in self.offsets.values()):
            beats = [at.heartbeat for at in self.offsets.values()]
            beat = min((b for b in beats if b is not None), default=None) if None not in beats else None
            for partition, at in self.offsets.items():
                if at.partitions != count:
                    self.offsets[partition] = at._replace(partitions=count, version=at.version + 1)
            for partition, start in wanted.items():
                self.offsets.setdefault(partition, Position(start, beat, count, 0))
        return {(TOPIC, partition): self.offsets[partition] for partition in wanted}

    def load(self, topic: int, partition: int, limit: int) -> Partition:
        """What a partition's owner holds of it."""
        at = self.offsets[partition]
        newest = max((row.hour for row in self.ids), default=0)

        def of(hour: int) -> Ids:
            rows = [r.ids for r in self.ids if r.hour == hour and _shared(r, partition, at.partitions)]
            return np.frombuffer(b"".join(rows), np.uint64).reshape(-1, 2)

        dedupe = Dedupe(limit, of)
        for hour in sorted({row.hour for row in self.ids if row.hour >= newest - 48}):
            dedupe.add(of(hour), hour)
            dedupe.trim()
        return Partition(topic, partition, at, dedupe, newest)

    def commit(self, write: Write) -> None:
        """`schemas.database.fold.commit`."""
        for row in write.moved:
            if self.offsets[row.partition].version != row.version:
                raise FencedError("somebody else moved it on")
        if write.came_home and not self.strays.keys() >= set(write.came_home):
            raise FencedError("somebody else took them in")
        for row in write.moved:
            at = self.offsets[row.partition]
            beat = max((b for b in (at.heartbeat, row.heartbeat) if b is not None), default=None)
            self.offsets[row.partition] = at._replace(next_offset=row.next, heartbeat=beat, version=at.version + 1)
        for number in write.came_home:
            del self.strays[number]
        for stray in write.strays:
            self.handed_over += 1
            self.strays[self.handed_over] = stray._replace(id=self.handed_over)
        self.ids += write.ids
        self.waiting.update(row.id_hash for row in write.unassigned)
        if write.added.windows:
            self._add(write.added.windows)  # type: ignore[arg-type] # columns in place of COPY's bytes, see `standing_in`
        late = [row.hour // HOUR_MS for row in write.added.late]
        self.dirty_from = min([*late, *([] if self.dirty_from is None else [self.dirty_from])], default=None)
        if self.silent:
            self.silent = False
            raise UnavailableError("committed, but the answer was lost")

    def _add(self, deltas: Deltas) -> None:
        for i in np.flatnonzero(deltas.behavior == ALL_NUMBER).tolist():
            window = int(deltas.account[i]), int(deltas.hour[i])
            events, ids = self.windows.get(window, (0, 0))
            self.windows[window] = events + int(deltas.events[i]), (ids + int(deltas.id_sum[i])) % 2**64

    def watermark(self) -> int | None:
        """`schemas.database.watermark.watermark`."""
        beats = [at.heartbeat for at in self.offsets.values()]
        return None if not beats or None in beats else min(b for b in beats if b is not None) - LATENESS_MS

    def due(self) -> Due:
        """The workspace's progress, as ticks see it."""
        at = [None if hour is None else to_datetime(hour * HOUR_MS) for hour in (self.evaluated_to, self.dirty_from)]
        return Due(1, at[0], at[1], None, False, False)


def _shared(row: CountedIds, partition: int, partitions: int) -> bool:
    common = gcd(row.partitions, partitions)
    return row.partition == partition or (row.partitions != partitions and row.partition % common == partition % common)


@contextmanager
def standing_in() -> Iterator[None]:
    """While it lasts, folders read and write a Store in place of the database."""

    def load(store: Any, topic: int, partition: int, limit: int, _: int) -> Partition:
        return store.load(topic, partition, limit)  # type: ignore[no-any-return]

    with ExitStack() as patches:
        for name, to in {
            "load": load,
            "commit": lambda store, write, _: store.commit(write),
            "windows_data": lambda deltas: deltas,
            "steps_data": lambda _: b"",
        }.items():
            patches.enter_context(patch.object(folder, name, to))
        yield

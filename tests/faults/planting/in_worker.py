"""Bugs of a worker: each function is one that somebody could write, with the moment at which it shows.

Those whose name begins with `harmless` are the moments alone.
"""

import asyncio
import copy
import itertools
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import text

from schemas.database import fold as writing
from schemas.errors import FencedError
from streams import rejections
from streams.dedupe import Dedupe, no_database
from streams.folding import customers, folder
from streams.folding.folder import Folded, Folder
from streams.folding.runner import Runner
from streams.transport import Consumer


def _at(number: int) -> Callable[[], bool]:
    """True at that call only, and only in the first process of the run that comes to it."""
    calls, mark = itertools.count(1), Path(os.environ.get("TMPDIR", "/tmp")) / "planted"  # noqa: S108

    def now() -> bool:
        if next(calls) != number or mark.exists():
            return False
        mark.touch()
        return True

    return now


def harmless_deaths() -> None:
    """The worker dies between preparing and committing."""
    honest, due = Folder.commit, _at(2)

    def commit(self: Folder, write: Any, now: int) -> None:
        if write.ids and due():
            os._exit(9)
        honest(self, write, now)

    Folder.commit = commit  # type: ignore[method-assign]


def _moves_nothing_too() -> None:
    """Transactions without an offset, as the product has none."""
    honest = writing._move
    writing._move = lambda connection, moved: honest(connection, moved) if moved else None


def offset_first() -> None:
    """The offset is committed (or acknowledged) before what was counted, and the worker dies between the two."""
    _moves_nothing_too()
    honest, due = folder.commit, _at(2)

    def commit(database: Any, write: Any, now: int) -> None:
        with database.writing() as connection:
            writing._move(connection, write.moved)
        if write.ids and due():
            os._exit(9)
        honest(database, replace(write, moved=[]), now)

    folder.commit = commit


def offset_apart() -> None:
    """Windows are committed, and offset and ids in a transaction of their own; the worker dies between the two."""
    _moves_nothing_too()
    honest, due = folder.commit, _at(2)

    def commit(database: Any, write: Any, now: int) -> None:
        honest(database, replace(write, moved=[], ids=[]), now)
        if write.ids and due():
            os._exit(9)
        honest(database, writing.Write(moved=write.moved, ids=write.ids), now)

    folder.commit = commit


def harmless_zombie() -> None:
    """Another worker that thinks the partition is its own commits the same batches a moment later."""
    honest = Runner._fold

    async def fold(self: Any, chunks: Any) -> None:
        zombie = copy.copy(self.folder)
        zombie.partitions = {}
        write, _ = await asyncio.to_thread(zombie.prepare, chunks, self._clock.now(), 0.0)
        await honest(self, chunks)
        with suppress(FencedError):
            await asyncio.to_thread(zombie.commit, write, self._clock.now())

    Runner._fold = fold  # type: ignore[method-assign]


def no_fence() -> None:
    """Offsets move on without a look at who has moved them."""

    def move(connection: Any, moved: Any) -> None:
        if moved:
            connection.execute(writing._ADVANCE, [writing._advance(row) for row in moved])

    writing._move = move
    harmless_zombie()


def no_dedupe() -> None:
    """Every id is new."""
    Dedupe.add = lambda _, ids, __: np.ones(len(ids), bool)  # type: ignore[method-assign]


def forgotten_at_restart() -> None:
    """A worker that begins does not know what was counted before it."""
    honest = folder.load

    def load(database: Any, topic: int, partition: int, limit: int, hour: int) -> Any:
        return replace(honest(database, topic, partition, limit, hour), dedupe=Dedupe(limit, no_database))

    folder.load = load


def batch_swallowed() -> None:
    """An exception is caught, and the batch taken for done."""
    honest, due = Folder._prepare, _at(2)

    def prepare(self: Any, records: Any, *more: Any) -> Folded:
        return Folded() if records and due() else honest(self, records, *more)

    Folder._prepare = prepare  # type: ignore[method-assign]


def _altered(**how: Callable[[Any], Any]) -> None:
    """Windows are written with columns that are worked out wrongly."""
    honest = folder.fold

    def fold(rows: Any, streams: Any) -> Any:
        deltas = honest(rows, streams)
        return replace(deltas, **{column: of(deltas) for column, of in how.items()})

    folder.fold = fold


def hash_sum_wrong() -> None:
    """The number of events is right, their identities are not."""
    _altered(id_sum=lambda deltas: deltas.id_sum ^ 1)


def window_off_by_one() -> None:
    """One account's events land an hour later."""
    _altered(hour=lambda deltas: deltas.hour + (deltas.account == 3))


def wrong_account() -> None:
    """One account's events are counted as another's."""
    _altered(account=lambda deltas: deltas.account - (deltas.account == 3))


def behavior_missed() -> None:
    """One account's events are counted in `*`, and not under their names."""
    honest = folder.count

    def count(*arguments: Any) -> Any:
        rows = honest(*arguments)
        kept = (rows.behavior == 0) | (rows.account != 3)
        return type(rows)(*(getattr(rows, column)[kept] for column in type(rows).__slots__))

    folder.count = count


def late_dropped() -> None:
    """What is more than a day late is dropped in silence."""
    honest = customers.countable

    def countable(gathered: Any, *more: Any) -> Any:
        places = honest(gathered, *more)
        return places[gathered.time[places] > gathered.time.max(initial=0) - 86_400_000]

    customers.countable = countable


def waiting_dropped() -> None:
    """Events without an account are dropped in silence."""
    customers.unassigned = lambda *_: []


def rejected_not_stored() -> None:
    """What the collector refused is read and acknowledged, and kept nowhere."""
    rejections.keep = lambda *_: None


def unreadable_dropped() -> None:
    """Records that nobody can read are skipped."""
    honest = folder.read
    folder.read = lambda *arguments: (honest(*arguments)[0], [])


def partition_skipped() -> None:
    """After a rebalance reading goes on at the end of a partition."""
    honest, mark = Runner.begin, Path(os.environ["TMPDIR"]) / "begun"

    async def begin(self: Any, spans: Any, **more: Any) -> Any:
        if mark.exists():
            with self.folder.database.writing() as connection:
                skip = text("UPDATE offsets SET next_offset = :end WHERE topic = 0 AND partition = 0")
                connection.execute(skip, {"end": spans[0, 0].end})
        mark.touch()
        return await honest(self, spans, **more)

    Runner.begin = begin  # type: ignore[method-assign]


def strays_dropped() -> None:
    """What lies in another partition than its own, after partitions were added, is nobody's."""
    writing.put_strays = lambda *_: None


def fetch_stops() -> None:
    """The consumer stops in silence."""
    honest = Consumer._wait_next_records

    async def wait(self: Any, timeout: float) -> Any:  # noqa: ASYNC109
        if getattr(self, "stopped", False):
            await asyncio.sleep(3600)
        records, active = await honest(self, timeout)
        self.stopped = bool(records)
        return records, active

    Consumer._wait_next_records = wait  # type: ignore[method-assign]


def assignment_lost() -> None:
    """The consumer stops, and no partition is this worker's any more."""
    fetch_stops()
    honest = Consumer.assignment
    Consumer.assignment = lambda self: set() if getattr(self, "stopped", False) else honest(self)  # type: ignore[method-assign]


def loop_stands() -> None:
    """Something blocks the event loop for good."""
    honest = Runner.note

    def note(self: Any, folded: Any) -> None:
        honest(self, folded)
        time.sleep(3600)

    Runner.note = note  # type: ignore[method-assign]

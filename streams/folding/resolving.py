"""Unassigned events are folded once their user belongs to an account."""

from collections.abc import Sequence
from itertools import groupby

import msgspec
import numpy as np

from schemas.batches import decode, encode
from schemas.database.copying import steps_data, windows_data
from schemas.database.rows import Added, Unassigned
from schemas.database.unassigned import resolvable, settle
from schemas.events import UsageEvent
from streams.fold import fold
from streams.folding import customers, lateness
from streams.folding.counting import count, path_steps
from streams.folding.folder import Folder
from streams.folding.gathering import learn_and_gather
from streams.folding.records import Record

_STEP = 5000
# Definitions count what is resolved now, whatever offset they begin at: a rebuild leaves waiting events out.
_NOW = 1 << 62


def resolve(folder: Folder, partitions: Sequence[tuple[int, int]], now: int, tick: float) -> int:
    """Folds up to 5,000 waiting events of these partitions; how many it were. Calls for the folder's one thread."""
    if not partitions:
        return 0
    with folder.database.reading() as connection:
        rows = resolvable(connection, partitions, _STEP)
    if not rows:
        return 0
    rows.sort(key=_place)
    records = _records(rows, now)
    folder.memberships.forget()
    gathered = learn_and_gather(records, folder.accounts, folder.users, folder.names)
    everything = np.ones(len(gathered), bool)
    account = customers.resolve(gathered, everything, folder.memberships, tick)
    counted = customers.countable(gathered, everything, account)
    resolved = [row for row, found in zip(rows, account.tolist(), strict=True) if found >= 0]
    added = Added()
    if len(counted):
        deltas = fold(count(gathered, counted, account, folder.names), gathered.streams)
        folder.seen.add(deltas)
        steps = path_steps(gathered, counted, account, folder.names)
        added = Added(windows_data(deltas), steps_data(steps), lateness.always(deltas))
    settle(folder.database, resolved, added, customers.signals(gathered, everything, account))
    return len(resolved)


def _place(row: Unassigned) -> tuple[int, int, int]:
    return row.topic, row.partition, row.workspace


def _records(rows: Sequence[Unassigned], now: int) -> list[Record]:
    """The rows as batches, one for each partition and workspace, in the rows' order."""
    records = []
    for (topic, partition, workspace), of in groupby(rows, _place):
        events = [msgspec.msgpack.decode(row.event, type=UsageEvent) for row in of]
        records.append(Record(topic, partition, _NOW, decode(encode(workspace, now, "resolved", events))))
    return records

"""Which events were not counted before, by the memory of the partitions in which they are at home."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from schemas.clock import HOUR_MS
from schemas.database.rows import CountedIds
from streams.fold import Integers
from streams.folding.gathering import Gathered
from streams.folding.partitions import Partition
from streams.folding.records import Record

Mask = NDArray[np.bool_]
Where = tuple[int, int, int]  # topic, home, received hour


def novel(gathered: Gathered, held: Mapping[tuple[int, int], Partition], now: int) -> tuple[Mask, list[CountedIds]]:
    """Which events are new, and the rows that remember them. Adds them to what is held; `now` is ms."""
    new, rows = np.zeros(len(gathered), bool), list[CountedIds]()
    for (topic, home, hour), offset, places in _together(gathered):
        partition = held[topic, home]
        partition.reach(min(hour, now // HOUR_MS))
        new[places] = partition.dedupe.add(gathered.ids[places], hour)
        ids = gathered.ids[places][new[places]].tobytes()
        if ids:
            rows.append(CountedIds(topic, home, partition.at.partitions, hour, offset, ids))
    return new, rows


def _together(gathered: Gathered) -> list[tuple[Where, int, slice | Integers]]:
    """Runs of records that are remembered in one place: which, the first one's offset, and their events."""
    records = gathered.records
    keys = [(record.topic, record.home, record.batch.received // HOUR_MS) for record in records]
    ends = [*gathered.start.tolist(), len(gathered)]
    found, first = list[tuple[Where, int, slice | Integers]](), 0
    for i in range(1, len(keys) + 1):
        if i == len(keys) or keys[i] != keys[first]:
            places = _places(records[first:i], slice(ends[first], ends[i]))
            found.append((keys[first], records[first].offset, places))
            first = i
    return found


def _places(records: Sequence[Record], span: slice) -> slice | Integers:
    """The span without the events that are at home elsewhere."""
    if all(record.mine is None for record in records):
        return span
    mine = [np.ones(len(record.batch), bool) if record.mine is None else record.mine for record in records]
    places: Integers = span.start + np.flatnonzero(np.concatenate(mine))
    return places

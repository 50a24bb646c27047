"""Where events are counted: each in its slot's home, whichever partition its record lies in. Pure.

A slot's home is `slot % partitions`, by the layout that the database knows. While a topic grows, collectors deal slots
over the old number of partitions for a while, and what was written before lies where it lies. Such strays are handed
over to their homes through the database, so that one memory of ids decides about every copy of an event.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from schemas.batches import decode
from schemas.database.rows import Stray
from streams.folding.records import Record

Mask = NDArray[np.bool_]


def sort_out(
    records: Sequence[Record], values: Mapping[int, bytes], home: int, partitions: int
) -> tuple[list[Record], list[Stray]]:
    """The records with those events alone that are at home in `home`, and all others as strays."""
    slots = np.concatenate([np.empty(0, np.uint16), *(record.batch.slots for record in records)])
    if (slots % partitions == home).all():
        return list(records), []
    kept, strays = [], []
    for record in records:
        everything = np.ones(len(record.batch), bool)
        mine, others = _split(record, everything, values[record.offset], home, partitions)
        strays += others
        kept += [mine] if mine.size else []
    return kept, strays


def come_home(stray: Stray, partitions: int) -> tuple[Record, list[Stray]]:
    """A stray as a record of its home; what is at home elsewhere, since slots were dealt anew, strays on."""
    batch = decode(stray.value)
    chosen = np.zeros(len(batch), bool)
    chosen[np.frombuffer(stray.positions, "<u4")] = True
    record = Record(stray.topic, stray.partition, stray.offset, batch)
    return _split(record, chosen, stray.value, stray.home, partitions)


def _split(record: Record, chosen: Mask, value: bytes, home: int, partitions: int) -> tuple[Record, list[Stray]]:
    homes = record.batch.slots % partitions
    place = record.topic, record.partition, record.offset
    strays = [
        Stray(place[0], other, *place[1:], _positions(chosen & (homes == other)), value)
        for other in np.unique(homes[chosen & (homes != home)]).tolist()
    ]
    return record._replace(away=home, mine=chosen & (homes == home)), strays


def _positions(chosen: Mask) -> bytes:
    return np.flatnonzero(chosen).astype("<u4").tobytes()

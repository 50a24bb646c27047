"""Many batches as one set of columns, with numbers in place of strings."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schemas.batches import EventBatch
from schemas.events import Kind
from streams.fold import Stream
from streams.folding.definitions import Names
from streams.folding.numbers import Numbers
from streams.folding.records import Reader, Record

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Gathered:
    """n events of many records in columns; `record[i]` is the place of event i's record, `start` where each begins.

    `account` and `user` are numbers, `code` is the name's (streams.folding.definitions); -1 where there is none.
    """

    records: Sequence[Record]
    readers: Sequence[Reader]
    streams: Sequence[Stream]
    record: Integers
    start: Integers
    stream: Integers
    offset: Integers
    ids: NDArray[np.uint64]
    time: Integers
    kind: NDArray[np.uint8]
    account: Integers
    user: Integers
    code: Integers

    def __len__(self) -> int:
        return len(self.time)

    def at(self, i: int) -> tuple[Reader, int]:
        """The reader of event i's batch, and its place there."""
        record = int(self.record[i])
        return self.readers[record], i - int(self.start[record])


def learn_and_gather(records: Sequence[Record], accounts: Numbers, users: Numbers, names: Names) -> Gathered:
    """The records' events in columns; asks the database for the numbers that memory lacks."""
    full = [record.batch for record in records if len(record.batch)]
    names.learn((batch.workspace, counted_names(batch)) for batch in full)
    try:
        return gather(records, accounts, users, names)
    except KeyError:
        accounts.learn((batch.workspace, batch.accounts) for batch in full)
        users.learn((batch.workspace, batch.users) for batch in full)
        return gather(records, accounts, users, names)


def counted_names(batch: EventBatch) -> list[str]:
    """The names under which something is counted; other kinds of events make no behavior."""
    tracked = batch.kinds == Kind.TRACK
    if tracked.all():
        return batch.names
    return [batch.names[i] for i in np.unique(batch.name_index[tracked]).tolist() if i >= 0]


def gather(records: Sequence[Record], accounts: Numbers, users: Numbers, names: Names) -> Gathered:
    """The records' events in columns. Every string must have been learned."""
    batches = [record.batch for record in records]
    streams = [Stream(record.batch.workspace, record.topic, record.partition) for record in records]
    places = {stream: i for i, stream in enumerate(dict.fromkeys(streams))}
    sizes = np.array([len(batch) for batch in batches], np.int64)

    def each(values: Sequence[int]) -> Integers:
        return np.repeat(np.array(values, np.int64), sizes)

    def joined(columns: list[NDArray[np.int64]]) -> Integers:
        return np.concatenate(columns or [np.empty(0, np.int64)])

    return Gathered(
        records=records,
        readers=[Reader(batch) for batch in batches],
        streams=list(places),
        record=each(range(len(records))),
        start=np.cumsum(sizes) - sizes,
        stream=each([places[stream] for stream in streams]),
        offset=each([record.offset for record in records]),
        ids=np.concatenate([batch.ids for batch in batches] or [np.empty((0, 2), np.uint64)]),
        time=joined([batch.times for batch in batches]),
        kind=np.concatenate([batch.kinds for batch in batches] or [np.empty(0, np.uint8)]),
        account=joined([accounts.lookup(b.workspace, b.accounts)[b.account_index] for b in batches]),
        user=joined([users.lookup(b.workspace, b.users)[b.user_index] for b in batches]),
        code=joined([names.lookup(b.workspace, b.names)[b.name_index] for b in batches]),
    )

"""The fold: rows of counted events become window deltas. Pure, and one sort however many accounts there are.

>>> rows = Rows.of(stream=[0, 0, 0], account=[7, 7, 7], behavior=[0, 0, 0], hour=[5, 5, 6], user=[1, 1, 2])
>>> deltas = fold(rows, [Stream(workspace=1, topic=0, partition=3)])
>>> deltas.hour.tolist(), deltas.events.tolist(), [deltas.users_of(i).tolist() for i in range(len(deltas))]
([5, 6], [2, 1], [[1], [2]])
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
_BITS = 63


class Stream(NamedTuple):
    """Where a row came from: its workspace, and the topic's number and partition that carried it."""

    workspace: int
    topic: int
    partition: int


@dataclass(frozen=True, slots=True)
class Rows:
    """One row for each event and behavior that counts it; every column has the same length.

    `stream` points into the list of streams, `hour` is hours since the epoch, `user` 0 where nobody is named, `value`
    what a measured sum adds, `id_low` the low 64 bits of the id's hash in rows of `*` and 0 elsewhere.
    """

    stream: Integers
    account: Integers
    behavior: Integers
    hour: Integers
    user: Integers
    value: NDArray[np.float64]
    id_low: NDArray[np.uint64]

    @classmethod
    def of(cls, *, stream: Any, account: Any, behavior: Any, hour: Any, user: Any, **more: Any) -> Self:
        """Rows from anything like an array; `value` and `id_low` are 0 where they are not given."""
        keys = [np.asarray(column, np.int64) for column in (stream, account, behavior, hour, user)]
        zeros = np.zeros(len(keys[0]))
        value = np.asarray(more.get("value", zeros), np.float64)
        id_low = np.asarray(more.get("id_low", zeros.astype(np.uint64)), np.uint64)
        return cls(keys[0], keys[1], keys[2], keys[3], keys[4], value, id_low)

    @classmethod
    def join(cls, parts: Sequence["Rows"]) -> "Rows":
        """All rows of the parts, in order. At least one part is needed."""
        if len(parts) == 1:
            return parts[0]
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in cls.__slots__))

    def __len__(self) -> int:
        return len(self.stream)


@dataclass(frozen=True, slots=True)
class Deltas:
    """What a micro-batch adds to windows: one entry for each (workspace, account, behavior, hour, topic, partition).

    `users` holds the entries' distinct user numbers one after the other, sorted; entry i's are
    `users[bounds[i] : bounds[i + 1]]`.
    """

    workspace: Integers
    account: Integers
    behavior: Integers
    hour: Integers
    topic: Integers
    partition: Integers
    events: Integers
    value: NDArray[np.float64]
    id_sum: NDArray[np.int64]
    users: NDArray[np.uint32]
    bounds: Integers

    def users_of(self, i: int) -> NDArray[np.uint32]:
        """The distinct users of entry i."""
        return self.users[self.bounds[i] : self.bounds[i + 1]]

    def __len__(self) -> int:
        return len(self.account)


def fold(rows: Rows, streams: Sequence[Stream]) -> Deltas:
    """Rows as deltas. Events are counted, users united, values and id sums (wrapping at 64 bits) added."""
    packed, user_bits = _pack(rows.stream, rows.account, rows.behavior, rows.hour, rows.user)
    order = np.argsort(packed)
    packed = packed[order]
    first = _starts(packed >> user_bits)
    distinct = _starts(packed)
    users = rows.user[order[distinct]]
    named = users != 0
    bounds = np.append(np.searchsorted(distinct, first), len(distinct))
    sums_before = np.concatenate(([0], np.cumsum(named)))
    entry = order[first]
    stream = np.array(streams, np.int64).reshape(-1, 3)[rows.stream[entry]]
    return Deltas(
        workspace=stream[:, 0],
        account=rows.account[entry],
        behavior=rows.behavior[entry],
        hour=rows.hour[entry],
        topic=stream[:, 1],
        partition=stream[:, 2],
        events=np.diff(np.append(first, len(packed))),
        value=_sums(rows.value[order], first),
        id_sum=_sums(rows.id_low[order], first).view(np.int64),
        users=users[named].astype(np.uint32),
        bounds=sums_before[bounds],
    )


def _sums(values: NDArray[Any], first: Integers) -> NDArray[Any]:
    return np.add.reduceat(values, first) if len(first) else values


def _starts(ordered: Integers) -> Integers:
    """Where each run of equal values begins."""
    new = np.ones(len(ordered), bool)
    np.not_equal(ordered[1:], ordered[:-1], out=new[1:])
    return np.flatnonzero(new)


def _pack(*columns: Integers) -> tuple[Integers, int]:
    """The columns as one integer that sorts like them, and the width in bits of the last.

    Ranges are small in practice (an hour or two, numbers from 1 on); where they are not, the part packed so far is
    replaced by its rank, which never takes more bits than there are rows.
    """
    packed = np.zeros(len(columns[0]), np.int64)
    width = bits = 0
    for column in columns:
        lowest = column.min(initial=np.iinfo(np.int64).max)
        shifted = column - lowest
        bits = int(shifted.max(initial=0)).bit_length()
        if width + bits > _BITS:
            packed = np.unique(packed, return_inverse=True)[1].astype(np.int64)
            width = int(packed.max(initial=0)).bit_length()
        packed = (packed << bits) | shifted
        width += bits
    return packed, bits

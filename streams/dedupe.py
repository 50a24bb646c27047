"""Which ids were counted already: exact in memory, and by a filter with a look into the database beyond it.

A table holds 128-bit id hashes with open addressing in numpy arrays, so that a hundred thousand ids are looked up and
added in a few milliseconds. Its oldest hours give way when it is full: a Bloom filter of 24 bits an id (about one false
hit in 100,000) stands for each, and its hits are checked in the database by the caller.

>>> table = IdTable()
>>> ids = np.array([[1, 2], [3, 4], [1, 2]], np.uint64)
>>> table.add(ids, hour=0).tolist(), table.add(ids, hour=1).tolist()
([True, True, False], [False, False, False])
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.uint64]
Mask = NDArray[np.bool_]


class IdTable:
    """A set of ids, (n, 2) uint64, each with the hour it was received in. A low half of 0 is kept as 1."""

    def __init__(self, capacity: int = 1 << 12) -> None:
        size = 1 << max(4, (2 * capacity - 1).bit_length())
        self._low: NDArray[np.uint64] = np.zeros(size, np.uint64)
        self._high: NDArray[np.uint64] = np.zeros(size, np.uint64)
        self._hours: NDArray[np.int32] = np.zeros(size, np.int32)
        self._owner: NDArray[np.int32] = np.zeros(size, np.int32)
        self.count = 0

    def add(self, ids: Ids, hour: int | NDArray[np.int32]) -> Mask:
        """Adds ids, and tells which were new. Of equal ones the first is."""
        if 2 * (self.count + len(ids)) > len(self._low):
            self._rebuild(*self.entries(), capacity=2 * (self.count + len(ids)))
        low, high = np.maximum(ids[:, 0], np.uint64(1)), ids[:, 1].copy()
        hours = np.broadcast_to(np.asarray(hour, np.int32), len(ids))
        new = np.zeros(len(ids), bool)
        waiting = np.arange(len(ids), dtype=np.int32)
        slots = (low & np.uint64(len(self._low) - 1)).astype(np.int64)
        while len(waiting):
            taken = self._take_free(low, high, hours, waiting, slots)
            new[waiting[taken]] = True
            goes_on = (self._low[slots] != low[waiting]) | (self._high[slots] != high[waiting])
            waiting, slots = waiting[goes_on], (slots[goes_on] + 1) & (len(self._low) - 1)
        self.count += int(np.count_nonzero(new))
        return new

    def _take_free(
        self,
        low: NDArray[np.uint64],
        high: NDArray[np.uint64],
        hours: NDArray[np.int32],
        waiting: NDArray[np.int32],
        slots: NDArray[np.int64],
    ) -> NDArray[np.int64]:
        """Puts ids into free slots; returns the places (in `waiting`) of those that got one."""
        free = np.flatnonzero(self._low[slots] == 0)
        wanted, wanting = slots[free], waiting[free]
        # Of several that want one slot the last write stands: written backwards, that is the first id.
        self._owner[wanted[::-1]] = wanting[::-1]
        first = self._owner[wanted] == wanting
        taken, wanted, wanting = free[first], wanted[first], wanting[first]
        self._low[wanted], self._high[wanted], self._hours[wanted] = low[wanting], high[wanting], hours[wanting]
        return np.asarray(taken, np.int64)

    def entries(self) -> tuple[Ids, NDArray[np.int32]]:
        """Every id and its hour."""
        held = self._low != 0
        return np.column_stack((self._low[held], self._high[held])), self._hours[held]

    def keep_from(self, hour: int) -> tuple[Ids, NDArray[np.int32]]:
        """Forgets what was received before `hour` and returns it."""
        ids, hours = self.entries()
        old = hours < hour
        self._rebuild(ids[~old], hours[~old], capacity=2 * int((~old).sum()))
        return ids[old], hours[old]

    def _rebuild(self, ids: Ids, hours: NDArray[np.int32], capacity: int) -> None:
        fresh = IdTable(max(capacity, 1 << 12))
        fresh.add(ids, hours)
        self.__dict__.update(fresh.__dict__)


class Bloom:
    """A filter over ids: never misses one it was given, and seldom hits another."""

    _HASHES = 16

    def __init__(self, ids: Ids) -> None:
        self._size = 1 << max(6, (24 * len(ids) - 1).bit_length())
        self._bits = np.zeros(self._size // 8, np.uint8)
        for places in self._places(ids):
            np.bitwise_or.at(self._bits, places >> 3, np.uint8(1) << (places & 7).astype(np.uint8))

    def hits(self, ids: Ids) -> Mask:
        """Which ids it may have been given."""
        found = np.ones(len(ids), bool)
        for places in self._places(ids):
            found &= (self._bits[places >> 3] >> (places & 7).astype(np.uint8)) & 1 == 1
        return found

    def _places(self, ids: Ids) -> list[NDArray[np.int64]]:
        mask = np.uint64(self._size - 1)
        step = ids[:, 1] | np.uint64(1)
        return [((ids[:, 0] + np.uint64(k) * step) & mask).astype(np.int64) for k in range(self._HASHES)]


class Dedupe:
    """The ids of one partition: a table for the newest hours, a filter for each older hour within the horizon.

    `limit` is how many ids stay in the table; `look` reads an hour's ids from the database.
    """

    def __init__(self, limit: int, look: Callable[[int], Ids]) -> None:
        self._table = IdTable()
        self._filters: dict[int, Bloom] = {}
        self._limit = limit
        self._look = look
        self.exact_from = 0

    def add(self, ids: Ids, hour: int) -> Mask:
        """Adds ids received in `hour`, and tells which were new."""
        new = self._table.add(ids, hour)
        for filtered, bloom in self._filters.items():
            hits = np.flatnonzero(new)[bloom.hits(ids[new])]
            if len(hits):
                new[hits] = ~contains(self._look(filtered), ids[hits])
        return new

    def trim(self) -> None:
        """Lets the oldest hours give way where the table is full. Call it when all that was added is stored."""
        if self._table.count > self._limit:
            self._give_way()

    def forget_before(self, hour: int) -> None:
        """Drops what lies behind the horizon; called seldom, since it rebuilds the table."""
        self._table.keep_from(hour)
        self._filters = {kept: bloom for kept, bloom in self._filters.items() if kept >= hour}

    def _give_way(self) -> None:
        hours = np.sort(self._table.entries()[1])
        boundary = int(hours[len(hours) // 3]) + 1
        if boundary > hours[-1]:
            return  # it is all one hour: what is being received now is never given away
        ids, old = self._table.keep_from(boundary)
        for hour in np.unique(old).tolist():
            self._filters[hour] = Bloom(np.concatenate([ids[old == hour], *self._refill(hour)]))
        self.exact_from = boundary

    def _refill(self, hour: int) -> list[Ids]:
        return [self._look(hour)] if hour in self._filters else []

    def __len__(self) -> int:
        return self._table.count


def contains(haystack: Ids, needles: Ids) -> Mask:
    """Which needles are in the haystack; both (n, 2) uint64."""
    pairs = {(high, low) for high, low in haystack.tolist()}
    return np.array([(high, low) in pairs for high, low in needles.tolist()], bool)


def no_database(hour: int) -> Ids:
    """A look into a database that holds nothing: for a table that never gives way."""
    del hour
    return np.empty((0, 2), np.uint64)

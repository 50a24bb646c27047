"""Days made of plain lists, for examples and tests of detectors."""

from collections.abc import Iterator, Sequence

import numpy as np

from streams.detectors.base import HOURS, Day, Hours


def days_of(users: Sequence[Sequence[float]], first: int = 0) -> Iterator[Day]:
    """The days of keys that are each other's peers: `users[key][day]`, from day `first` since 1970-01-01 on.

    Of as many as come, it is always users 1, 2, 3 … of the key.
    """
    table = np.array(users, float)
    keys = np.arange(1, len(table) + 1) << 32
    for i, column in enumerate(table.T):
        kind = np.full(len(column), (first + i + 3) % 7)  # 1970-01-01 was a Thursday
        seen = np.repeat(np.arange(len(column)), column.astype(np.int64))
        who = np.arange(1, len(seen) + 1) - np.searchsorted(seen, seen)
        yield Day(first + i, True, keys, column, column * 3, kind, np.zeros(len(column), np.int64), 1, seen, who)


def busy_days_of(hourly: Sequence[float], stops: tuple[int, int]) -> Iterator[Day]:
    """The days of one key, with so many events in each hour of a day, until it stops (day, hour) for good."""
    key, alone = np.array([1 << 32]), np.zeros(1, np.int64)
    for i, rate in enumerate(hourly):
        events = np.full((HOURS, 1), float(rate))
        events[HOURS - 1] = 0
        events[stops[1] if i == stops[0] else 0 if i > stops[0] else HOURS :] = 0
        length = np.array([HOURS - 1])
        hours = Hours(key, events, length, length)
        kind = np.array([(i + 3) % 7])
        yield Day(i, True, key, np.ones(1), events.sum(0), kind, alone, 1, hours=hours)

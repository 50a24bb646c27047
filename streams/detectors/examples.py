"""Days made of plain lists, for examples and tests of detectors."""

from collections.abc import Iterator, Sequence

import numpy as np

from streams.detectors.base import Day


def days_of(users: Sequence[Sequence[float]], first: int = 0) -> Iterator[Day]:
    """The days of keys that are each other's peers: `users[key][day]`, from day `first` since 1970-01-01 on."""
    table = np.array(users, float)
    keys = np.arange(1, len(table) + 1) << 32
    for i, column in enumerate(table.T):
        kind = np.full(len(column), (first + i + 3) % 7)  # 1970-01-01 was a Thursday
        yield Day(first + i, True, keys, column, column * 3, kind, np.zeros(len(column), np.int64), 1)

"""How many people an account has: those who came within the last 56 days."""

from dataclasses import dataclass

import numpy as np

from streams.columns import Arrays
from streams.detectors.base import OF_ACCOUNT, Day, Floats, Ints

_LATELY = 56


@dataclass
class Crowds:
    """People (`keys`: account and user, sorted), and the day of each one's latest visit.

    >>> crowds = Crowds.initial()
    >>> for day in range(60):
    ...     crowds.come(np.array([1 << 32 | 7, 1 << 32 | 8]) if day < 2 else np.array([1 << 32 | 7]), day)
    >>> crowds.of(np.array([1 << 32, 2 << 32])).tolist()
    [1.0, 0.0]
    """

    keys: Ints
    latest: Ints

    @classmethod
    def initial(cls) -> "Crowds":
        """Nobody."""
        return cls(np.empty(0, np.int64), np.empty(0, np.int64))

    def come(self, came: Ints, date: int) -> None:
        """Some came (sorted) on a day; who has not for long is forgotten."""
        kept = (self.latest > date - _LATELY) & ~np.isin(self.keys, came, assume_unique=True)
        keys = np.concatenate([self.keys[kept], came])
        order = np.argsort(keys, kind="stable")
        self.keys = keys[order]
        self.latest = np.concatenate([self.latest[kept], np.full(len(came), date)])[order]

    def of(self, accounts: Ints) -> Floats:
        """How many people each of some accounts (sorted) has."""
        begin, end = (np.searchsorted(self.keys, accounts + more) for more in (0, OF_ACCOUNT + 1))
        found: Floats = (end - begin).astype(np.float64)
        return found

    def arrays(self) -> Arrays:
        """Everything, for a checkpoint."""
        return {"keys": self.keys, "latest": self.latest}


def who_came(whole: Day) -> Ints:
    """The people (account and user, sorted) who came on a day of accounts as a whole, as far as they have names."""
    named = whole.who > 0
    found: Ints = whole.keys[whole.seen[named]] | whole.who[named]
    return found

"""What accounts did, day by day, as columns: the one input of the fold, whether it came from windows or from a file.

A key is (account number, behavior number) packed into 64 bits. Days are local days, counted since 1970-01-01.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from streams.detectors.base import BUSY

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Key = TypeVar("Key", int, Ints)

_NONE: Ints = np.empty(0, np.int64)
_KEPT = 16


def pack(account: Key, behavior: Key | int) -> Key:
    """Keys of accounts and behaviors.

    >>> pack(1, 2), account_of(pack(1, 2)), behavior_of(pack(1, 2))
    (4294967298, 1, 2)
    """
    return account << 32 | behavior


def account_of(key: Key) -> Key:
    """The account number in a key."""
    return key >> 32


def behavior_of(key: Key) -> Key:
    """The behavior number in a key."""
    return key & 0xFFFFFFFF


class ByHour(NamedTuple):
    """Events of busy keys by hour of the local day: rows ascending by day, key and hour."""

    day: Ints
    key: Ints
    hour: Ints
    events: Ints


@dataclass(frozen=True)
class Activity:
    """Days of activity as columns.

    Rows (one a day and key, ascending by day, then key): `day`, `key`, `events`, `users` (distinct ones).
    Presences (one a day, key and user, in the same order): `seen_day`, `seen_key`, `seen_user`.
    `by_hour` has the hours of keys that are busy, or have a day of at least BUSY events.
    """

    day: Ints
    key: Ints
    events: Ints
    users: Ints
    seen_day: Ints
    seen_key: Ints
    seen_user: Ints
    by_hour: ByHour

    def on(self, day: int) -> slice:
        """The rows of one day."""
        return slice(*np.searchsorted(self.day, [day, day + 1]).tolist())

    def seen_on(self, day: int) -> slice:
        """The presences of one day."""
        return slice(*np.searchsorted(self.seen_day, [day, day + 1]).tolist())

    def hours_on(self, day: int) -> slice:
        """The rows of `by_hour` of one day."""
        return slice(*np.searchsorted(self.by_hour.day, [day, day + 1]).tolist())

    @cached_property
    def busy(self) -> Ints:
        """The keys that `by_hour` has, sorted."""
        return np.unique(self.by_hour.key)

    def presences(self, key: int, first: int, last: int) -> tuple[Ints, Ints]:
        """Days and users of one key from day `first` to `last`, both included."""
        keys, days, users = self._by_key
        mine = slice(*keys.searchsorted((key, key + 1)).tolist())
        span = slice(*days[mine].searchsorted((first, last + 1)).tolist())
        return days[mine][span], users[mine][span]

    def of_accounts(self, mine: NDArray[np.bool_], behavior: int) -> tuple[Ints, Ints, Ints]:
        """Account, day and users of the rows of some accounts' behavior, ascending by day; kept for the next alert.

        `mine`: by account number, whether it is one of them.
        """
        wanted = behavior, mine.tobytes()
        if wanted not in self._kept:
            if len(self._kept) == _KEPT:
                del self._kept[next(iter(self._kept))]
            accounts = account_of(self.key)
            theirs = (behavior_of(self.key) == behavior) & mine[np.minimum(accounts, len(mine) - 1)]
            self._kept[wanted] = accounts[theirs], self.day[theirs], self.users[theirs]
        return self._kept[wanted]

    @cached_property
    def _kept(self) -> dict[tuple[int, bytes], tuple[Ints, Ints, Ints]]:
        """What `of_accounts` was asked for last."""
        return {}

    @cached_property
    def _by_key(self) -> tuple[Ints, Ints, Ints]:
        """Presences by key, then day."""
        order = np.argsort(self.seen_key, kind="stable")
        return self.seen_key[order], self.seen_day[order], self.seen_user[order]


def gather(
    days: Ints, hours: Ints, keys: Ints, events: Ints, owners: Ints, users: Ints, busy: Ints = _NONE
) -> Activity:
    """Activity of loose parts: hours' or single events' days, keys and event counts, and the users seen in them.

    Args:
        days: Local day of each part.
        hours: Hour of that day, from 0 on.
        keys: Key of each part.
        events: Events in each part.
        owners: Index of the part that each user belongs to.
        users: User numbers; 0 stands for somebody unnamed.
        busy: Keys whose hours are wanted in any case.
    """
    order = np.lexsort((keys, days))
    fresh = _changes(days[order], keys[order])
    row_of = np.empty(len(days), np.int64)
    row_of[order] = np.cumsum(fresh) - 1
    row_day, row_key = days[order][fresh], keys[order][fresh]
    rows = len(row_day)
    seen = row_of[owners]
    by_user = np.lexsort((users, seen))
    fresh_user = _changes(seen[by_user], users[by_user])
    seen, users = seen[by_user][fresh_user], users[by_user][fresh_user]
    row_events = np.bincount(row_of, weights=events, minlength=rows).astype(np.int64)
    hourly = np.isin(keys, np.union1d(busy, row_key[row_events >= BUSY]))
    return Activity(
        day=row_day,
        key=row_key,
        events=row_events,
        users=np.bincount(seen, minlength=rows).astype(np.int64),
        seen_day=row_day[seen],
        seen_key=row_key[seen],
        seen_user=users,
        by_hour=_by_hour(days[hourly], keys[hourly], hours[hourly], events[hourly]),
    )


def _by_hour(days: Ints, keys: Ints, hours: Ints, events: Ints) -> ByHour:
    order = np.lexsort((hours, keys, days))
    days, keys, hours, events = days[order], keys[order], hours[order], events[order]
    fresh = _changes(days, keys, hours)
    sums = np.bincount(np.cumsum(fresh) - 1, events, int(fresh.sum())).astype(np.int64)
    return ByHour(days[fresh], keys[fresh], hours[fresh], sums)


def _changes(*columns: Ints) -> NDArray[np.bool_]:
    """Where sorted rows differ from the row before."""
    fresh = np.ones(len(columns[0]), np.bool_)
    if len(fresh):
        fresh[1:] = np.any([column[1:] != column[:-1] for column in columns], axis=0)
    return fresh


def nothing() -> Activity:
    """Activity without a row."""
    return gather(*[_NONE] * 6)

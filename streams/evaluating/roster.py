"""Everyone who is evaluated on a day, in the order of the keys: where each lives, and who its peers are."""

from collections.abc import Iterable

import numpy as np

from schemas.clock import HOUR_MS
from schemas.days import day_start
from streams.calendar import day_of, kinds_of
from streams.detectors.base import HOURS, Bools, Day, Hours, Ints, places
from streams.evaluating.activity import Activity, account_of, behavior_of
from streams.evaluating.segments import Segments
from streams.evaluating.world import World


class Roster:
    """The `keys` (account and behavior, sorted) of a `world`; it holds for the days on which that world does."""

    def __init__(self, world: World, keys: Ints, segments: Ints) -> None:
        self.world, self.keys = world, keys
        numbers, self.owner = np.unique(account_of(keys), return_inverse=True)
        self.owners = [world.accounts.get(number) for number in numbers.tolist()]
        self.segments = Segments(self.owners, self.owner, keys, segments)
        born = [owner.created if owner else None for owner in self.owners]
        self.began = np.array([-1 if day is None else day for day in born], np.int64)[self.owner]
        self._regions, self._region = self._numbered(owner.region if owner else "" for owner in self.owners)
        self._peers, self._groups = self._grouped()
        self._left = np.array([owner is not None and owner.left for owner in self.owners], np.bool_)
        self._pauses = [(i, pause) for i, owner in enumerate(self.owners) if owner for pause in owner.pauses]

    def day(self, activity: Activity, date: int, covered: bool, until: int | None = None) -> Day:
        """One day of all keys; of one that still goes on, what is known `until` an hour (since the epoch)."""
        rows, seen = activity.on(date), activity.seen_on(date)
        at, ours = self._places(activity.key[rows])
        users, events = np.zeros(len(self.keys)), np.zeros(len(self.keys))
        users[at], events[at] = activity.users[rows][ours], activity.events[rows][ours]
        kind = kinds_of(date, self._regions)[self._region]
        came, known = self._places(activity.seen_key[seen])
        who = activity.seen_user[seen][known]
        by_hour, paused = self._hours(activity, date, until), self._paused(date)
        return Day(date, covered, self.keys, users, events, kind, self._peers, self._groups, came, who, by_hour, paused)

    def _numbered(self, names: Iterable[str]) -> tuple[list[str], Ints]:
        """The names of accounts, and by key which of them its account's is."""
        of = list(names)
        found = sorted(set(of)) or [""]
        place = {name: i for i, name in enumerate(found)}
        return found, np.array([place[name] for name in of], np.int64)[self.owner]

    def _grouped(self) -> tuple[Ints, int]:
        """By key the group of its peers, the same behavior in the same segment; and how many groups there are."""
        _, segment = self._numbered(owner.segment if owner else "" for owner in self.owners)
        groups, peers = np.unique(segment << 32 | behavior_of(self.keys), return_inverse=True)
        return peers, max(len(groups), 1)

    def _hours(self, activity: Activity, date: int, until: int | None) -> Hours:
        """The hours of the keys that are busy at some time."""
        busy = activity.busy[places(self.keys, activity.busy) >= 0]
        rows = activity.hours_on(date)
        at = np.searchsorted(busy, activity.by_hour.key[rows])
        known = np.isin(activity.by_hour.key[rows], busy)
        events = np.zeros((HOURS, len(busy)))
        events[activity.by_hour.hour[rows][known], at[known]] = activity.by_hour.events[rows][known]
        spans = np.array([self._span(number, date, until) for number in account_of(busy).tolist()], np.int64)
        length, over = spans.reshape(-1, 2).T
        return Hours(busy, events, length, over)

    def _span(self, account: int, date: int, until: int | None) -> tuple[int, int]:
        """How many hours an account's day has, and how many of them are over by `until`."""
        zone = self.world.accounts[account].time_zone
        begin, end = (day_start(zone, day_of(day)) // HOUR_MS for day in (date, date + 1))
        return end - begin, end - begin if until is None else min(max(until - begin, 0), end - begin)

    def _paused(self, date: int) -> Bools:
        """The keys of accounts in an agreed pause, and of those that have left."""
        found = self._left.copy()
        found[[i for i, (first, last) in self._pauses if first <= date <= last]] = True
        return found[self.owner]

    def _places(self, keys: Ints) -> tuple[Ints, Bools]:
        """Where those of `keys` stand that we know, and which these are."""
        at = np.searchsorted(self.keys, keys)
        known = at < len(self.keys)
        known[known] = self.keys[at[known]] == keys[known]
        return at[known], known

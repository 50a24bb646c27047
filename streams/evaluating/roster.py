"""Everyone who is evaluated on a day, in the order of the keys: where each lives, and who its peers are."""

import numpy as np

from streams.calendar import kinds_of
from streams.detectors.base import Bools, Day, Ints
from streams.evaluating.activity import Activity, account_of, behavior_of
from streams.evaluating.segments import Segments
from streams.evaluating.world import World


class Roster:
    """The `keys` (account and behavior, sorted) of a `world`; it holds for the days on which that world does."""

    def __init__(self, world: World, keys: Ints, segments: Ints) -> None:
        self.world, self.keys = world, keys
        self.segments = Segments(world, keys, segments)
        owners = [world.accounts.get(number) for number in account_of(keys).tolist()]
        regions = [owner.region if owner else "" for owner in owners]
        self._regions = sorted(set(regions)) or [""]
        place = {region: i for i, region in enumerate(self._regions)}
        self._region = np.array([place[region] for region in regions], np.int64)
        groups = zip([owner.segment if owner else "" for owner in owners], behavior_of(keys).tolist(), strict=True)
        names: dict[tuple[str, int], int] = {}
        self._peers = np.array([names.setdefault(group, len(names)) for group in groups], np.int64)
        self._groups = max(len(names), 1)

    def day(self, activity: Activity, date: int, covered: bool) -> Day:
        """One day of all keys."""
        rows, seen = activity.on(date), activity.seen_on(date)
        at, ours = self._places(activity.key[rows])
        users, events = np.zeros(len(self.keys)), np.zeros(len(self.keys))
        users[at], events[at] = activity.users[rows][ours], activity.events[rows][ours]
        kind = kinds_of(date, self._regions)[self._region]
        came, known = self._places(activity.seen_key[seen])
        who = activity.seen_user[seen][known]
        return Day(date, covered, self.keys, users, events, kind, self._peers, self._groups, came, who)

    def _places(self, keys: Ints) -> tuple[Ints, Bools]:
        """Where those of `keys` stand that we know, and which these are."""
        at = np.searchsorted(self.keys, keys)
        known = at < len(self.keys)
        known[known] = self.keys[at[known]] == keys[known]
        return at[known], known

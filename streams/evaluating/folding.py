"""The fold over days: activity in, changes of alerts out. Live evaluation, imports and backtests all run this."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from streams.alerting import Life
from streams.baselines import Day
from streams.calendar import kinds_of
from streams.detectors.behavior_dropped import BehaviorDropped, DropState
from streams.detectors.segment_dropped import SegmentDropped
from streams.evaluating.activity import Activity, account_of, behavior_of
from streams.evaluating.opening import Happening, Scene, open_accounts, open_segments
from streams.evaluating.segments import Segments
from streams.evaluating.world import World


class Detectors:
    """Those that run. `budget`: false alerts a year and account, and as many a year and segment."""

    def __init__(self, budget: float = 0.5) -> None:
        self.accounts = BehaviorDropped(budget)
        self.segments = SegmentDropped(budget)

    @property
    def version(self) -> str:
        """Whose states can be gone on from."""
        return " ".join(f"{one.name} {one.version}" for one in (self.accounts, self.segments))


@dataclass
class Progress:
    """The fold's state after `day` (days since 1970-01-01): the detectors', and the open episodes by key."""

    day: int
    accounts: DropState
    segments: DropState
    lives: dict[int, Life] = field(default_factory=dict)
    segment_lives: dict[int, Life] = field(default_factory=dict)


def begin(detectors: Detectors, first: int) -> Progress:
    """The state before day `first`, of a workspace that nothing is known of."""
    nobody = np.empty(0, np.int64)
    return Progress(first - 1, detectors.accounts.initial(nobody), detectors.segments.initial(nobody))


def fold(
    world: World,
    activity: Activity,
    progress: Progress,
    until: int,
    detectors: Detectors,
    unwatched: Collection[int] = (),
) -> Iterator[tuple[Progress, list[Happening]]]:
    """Takes in the days after `progress.day` up to `until`; gives, after each, the state and what happened to alerts.

    On `unwatched` days nothing is learned or judged. The state is the same object each time, used up by the next day:
    who wants to keep it saves it at once.
    """
    for there, last in world.stretches(progress.day + 1, until):
        yield from _fold(there, activity, progress, last, detectors, unwatched)


def _fold(
    world: World, activity: Activity, progress: Progress, until: int, detectors: Detectors, unwatched: Collection[int]
) -> Iterator[tuple[Progress, list[Happening]]]:
    """The same for days in which no account changes."""
    known = np.isin(account_of(activity.key), np.fromiter(world.accounts, np.int64, len(world.accounts)))
    keys = np.union1d(progress.accounts.keys, activity.key[known])
    segments = Segments(world, keys, progress.segments.keys)
    progress.accounts = detectors.accounts.grown(progress.accounts, keys)
    progress.segments = detectors.segments.grown(progress.segments, segments.keys)
    calendar = _Calendar(world, keys)
    while progress.day < until:
        day = calendar.day(activity, progress.day + 1, progress.day + 1 not in unwatched)
        progress.accounts, by_account = detectors.accounts.step(progress.accounts, day)
        progress.segments, by_segment = detectors.segments.step(progress.segments, segments.day(day))
        progress.day = day.date
        found: list[Happening] = []
        if day.covered:
            scene = Scene(world, activity, segments, day.date)
            breadth = segments.breadth(progress.accounts, by_account.judged)
            above = progress.segment_lives
            found += open_segments(scene, above, progress.segments, by_segment, breadth, detectors.segments)
            found += open_accounts(scene, progress.lives, progress.accounts, by_account, above, detectors.accounts)
        yield progress, found


class _Calendar:
    """The keys' peers and regions, worked out once."""

    def __init__(self, world: World, keys: NDArray[np.int64]) -> None:
        self.keys = keys
        owners = [world.accounts.get(number) for number in account_of(keys).tolist()]
        regions = [owner.region if owner else "" for owner in owners]
        self.regions = sorted(set(regions)) or [""]
        self.region = np.array([self.regions.index(region) for region in regions], np.int64)
        groups = zip([owner.segment if owner else "" for owner in owners], behavior_of(keys).tolist(), strict=True)
        names: dict[tuple[str, int], int] = {}
        self.peers = np.array([names.setdefault(group, len(names)) for group in groups], np.int64)
        self.groups = max(len(names), 1)

    def day(self, activity: Activity, date: int, covered: bool) -> Day:
        """One day of all keys."""
        rows = activity.on(date)
        places = np.searchsorted(self.keys, activity.key[rows])
        users, events = np.zeros(len(self.keys)), np.zeros(len(self.keys))
        ours = places < len(self.keys)
        ours[ours] = self.keys[places[ours]] == activity.key[rows][ours]
        users[places[ours]], events[places[ours]] = activity.users[rows][ours], activity.events[rows][ours]
        return Day(date, covered, users, events, kinds_of(date, self.regions)[self.region], self.peers, self.groups)

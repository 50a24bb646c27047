"""The fold over days: activity in, changes of alerts out. Live evaluation, imports and backtests all run this."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

import msgspec
import numpy as np
from numpy.typing import NDArray

from schemas.alerts import Evidence, Subject, fingerprint
from schemas.days import day_start
from schemas.windows import ALL_NUMBER
from streams import alerting
from streams.alerting import Change, Life, Sighting
from streams.baselines import Day
from streams.calendar import day_of, kinds_of
from streams.detectors.base import Verdicts
from streams.detectors.behavior_dropped import BehaviorDropped, DropState
from streams.evaluating.activity import Activity, account_of, behavior_of
from streams.evaluating.world import World
from streams.evidence import evidence_of, sentence_of, subject_of


class Happening(msgspec.Struct, frozen=True):
    """A change of an alert with what it rests on; `opened_at` is the episode's opening (ms)."""

    fingerprint: str
    subject: Subject
    account: int
    change: Change
    opened_at: int
    evidence: Evidence
    sentence: str


@dataclass
class Progress:
    """The fold's state after `day` (days since 1970-01-01): the detector's, and the open episodes by key."""

    day: int
    detector: DropState
    lives: dict[int, Life] = field(default_factory=dict)


def begin(detector: BehaviorDropped, first: int) -> Progress:
    """The state before day `first`, of a workspace that nothing is known of."""
    return Progress(first - 1, detector.initial(np.empty(0, np.int64)))


def fold(
    world: World,
    activity: Activity,
    progress: Progress,
    until: int,
    detector: BehaviorDropped,
    unwatched: Collection[int] = (),
) -> Iterator[tuple[Progress, list[Happening]]]:
    """Takes in the days after `progress.day` up to `until`; gives, after each, the state and what happened to alerts.

    On `unwatched` days nothing is learned or judged. The state is the same object each time, used up by the next day:
    who wants to keep it saves it at once.
    """
    known = np.isin(account_of(activity.key), np.fromiter(world.accounts, np.int64, len(world.accounts)))
    keys = np.union1d(progress.detector.keys, activity.key[known])
    progress.detector = detector.grown(progress.detector, keys)
    scene = _Scene(world, keys)
    while progress.day < until:
        day = scene.day(activity, progress.day + 1, progress.day + 1 not in unwatched)
        progress.detector, verdicts = detector.step(progress.detector, day)
        progress.day = day.date
        yield progress, list(_alerts(world, activity, progress, verdicts, detector)) if day.covered else []


class _Scene:
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


def _alerts(
    world: World, activity: Activity, progress: Progress, verdicts: Verdicts, detector: BehaviorDropped
) -> Iterator[Happening]:
    keys = progress.detector.keys
    crossing = set(keys[verdicts.crosses].tolist())
    for key in _all_first(crossing | progress.lives.keys()):
        before = progress.lives.get(key)
        if int(account_of(key)) not in world.accounts or (before is None and _absorbed(progress, key)):
            continue
        at, subject = int(np.searchsorted(keys, key)), subject_of(world, key)
        sighting = _sighting(verdicts, at) if key in crossing else None
        now, mark = closing(world, key, progress.day), fingerprint(world.workspace, subject)
        after, changes = alerting.transition(before, sighting, now, mark)
        progress.lives.pop(key, None)
        if after is not None:
            progress.lives[key] = after
        if changes:
            case, account = detector.case(progress.detector, at), world.accounts[int(account_of(key))]
            strength = float(verdicts.score[at]), float(verdicts.threshold[at])
            evidence = evidence_of(world, activity, key, case, *strength, (detector.name, detector.version))
            sentence, opened = sentence_of(account, evidence), before.opened_at if before else now
            yield from (Happening(mark, subject, account.number, c, opened, evidence, sentence) for c in changes)


def _sighting(verdicts: Verdicts, at: int) -> Sighting:
    return Sighting(float(verdicts.score[at]), float(verdicts.threshold[at]), float(verdicts.ratio[at]))


def _all_first(keys: Iterable[int]) -> list[int]:
    """Keys with those of `*` first: its alert absorbs those of the account's behaviors."""
    return sorted(keys, key=lambda key: (int(behavior_of(key)) != ALL_NUMBER, key))


def _absorbed(progress: Progress, key: int) -> bool:
    account = int(account_of(key))
    return int(behavior_of(key)) != ALL_NUMBER and (account << 32 | ALL_NUMBER) in progress.lives


def closing(world: World, key: int, day: int) -> int:
    """When a day was over for a key's account: ms."""
    return day_start(world.accounts[int(account_of(key))].time_zone, day_of(day + 1))

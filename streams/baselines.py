"""What an account would do today if nothing had changed: its level, its week's profile, and what its peers do.

Expected users m = λ · w · f. The level λ = (a + .05)/(b + .5) forgets by half in 56 days; w is the account's factor for
this kind of day (seven weekdays and holidays), shrunk to its peers'; f is what the peers do against their own
expectations, this account left out. A day is learned only when it is 7 days old, so that a drop is compared with what
was before it. After the comparison in facts/detection.md ("REC"). What is different for new keys: streams/newcomers.py.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from schemas.coverage import FROM, NEVER
from streams import newcomers
from streams.columns import Columns
from streams.detectors.base import Bools, Day, Floats, Ints, Singles
from streams.newcomers import BANDS, GROWN, KNOWN, Young

HOLIDAY = 7  # the kinds of days: Monday 0 … Sunday 6, and holidays
KINDS = 8
LAG = 7
_LEVEL = 0.5 ** (1 / 56)
_PROFILE = 0.5 ** (1 / 84)
_SHRINK_PROFILE = 6.0
_SHRINK_PEERS = 3.0


@dataclass
class Baseline(Columns):
    """What was learned of each key. Rings hold the last 8 days, by date modulo 8."""

    start: Ints  # the day of the first user, plus one; 0 before it
    a: Floats
    b: Floats
    a_events: Floats
    profile_users: Floats  # (KINDS, keys): users on days of a kind
    profile_days: Floats  # (KINDS, keys): such days, weighed with the peers' factor
    ring_users: Singles  # (8, keys)
    ring_events: Singles
    ring_shape: Singles  # w · f, zero where a day says nothing
    ring_factor: Singles
    ring_kind: NDArray[np.int8]
    young_seen: Singles  # (BANDS, keys): users while it was young, by weight, …
    young_due: Singles  # … and what its level let expect

    @classmethod
    def initial(cls, size: int) -> Self:
        """Nothing learned of `size` keys."""
        flat: dict[str, Any] = {name: np.zeros(size) for name in ("a", "b", "a_events")}
        kinds: dict[str, Any] = {name: np.zeros((KINDS, size)) for name in ("profile_users", "profile_days")}
        names = ("ring_users", "ring_events", "ring_shape", "ring_factor")
        rings: dict[str, Any] = {name: np.zeros((LAG + 1, size), np.float32) for name in names}
        young: dict[str, Any] = {name: np.zeros((len(BANDS), size), np.float32) for name in ("young_seen", "young_due")}
        whole: dict[str, Any] = {"start": np.zeros(size, np.int64), "ring_kind": np.zeros((LAG + 1, size), np.int8)}
        return cls(**whole, **flat, **kinds, **rings, **young)

    @property
    def level(self) -> Floats:
        """Users a day, before profile and factor."""
        level: Floats = (self.a + 0.05) / (self.b + 0.5)
        return level

    def events_a_day(self, index: int, date: int) -> float:
        """Events a day of one key, before profile and factor; while little is learned, the days to come to it count."""
        events, days = float(self.a_events[index]), float(self.b[index])
        if days < LAG:
            rows = (date - np.arange(LAG)) % (LAG + 1)
            events += float(self.ring_events[rows, index].sum())
            days += float(self.ring_shape[rows, index].sum())
        return events / (days + 0.5)

    def judged(self, needed: int = FROM) -> tuple[Ints, Ints]:
        """The first day of each key, NEVER before it, and the day from which it is judged, its `needed`th at first."""
        return np.where(self.start > 0, self.start - 1, NEVER), newcomers.judged_from(self.start, needed)

    def age(self, date: int) -> Ints:
        """Days since each key's first user; negative before it."""
        return np.where(self.start > 0, date - (self.start - 1), -1)


@dataclass(frozen=True)
class Expectation:
    """What was to be expected of a day, by key; `shape` = w · f, `mean` = level · shape."""

    level: Floats
    shape: Floats
    factor: Floats
    mean: Floats
    young: Young


def expect(baseline: Baseline, day: Day, calm: Bools, dispersion: Floats) -> Expectation:
    """What each key would do on a day; peers that are new, or not `calm`, have no say in it."""
    trusted = calm & day.known & (baseline.age(day.date) >= KNOWN)
    level, young = _levels(baseline, day, trusted, calm)
    profile = _profile(baseline, day, level)
    level[young.at] *= young.curve
    alone = level * profile
    weight = np.where(trusted, 1 / (1 + dispersion * alone), 0.0)
    seen, due = weight * day.users, weight * alone
    group_seen = np.bincount(day.peers, seen, day.groups)[day.peers] - seen
    group_due = np.bincount(day.peers, due, day.groups)[day.peers] - due
    factor = (group_seen + _SHRINK_PEERS) / (group_due + _SHRINK_PEERS)
    return Expectation(level, profile * factor, factor, alone * factor, young)


def learn(baseline: Baseline, day: Day, expected: Expectation) -> None:
    """Puts the day into the rings, and takes the one that is `LAG` days old into level and profile."""
    started = (baseline.start > 0) & day.known
    now, then = day.date % (LAG + 1), (day.date - LAG) % (LAG + 1)
    baseline.ring_users[now] = np.where(started, day.users, 0)
    baseline.ring_events[now] = np.where(started, day.events, 0)
    baseline.ring_shape[now] = np.where(started, expected.shape, 0)
    baseline.ring_factor[now] = np.where(started, expected.factor, 0)
    baseline.ring_kind[now] = day.kind
    newcomers.teach(baseline.young_seen, baseline.young_due, expected.young, day.users, expected.mean)
    shape, kind = baseline.ring_shape[then], baseline.ring_kind[then]
    keep = np.where(shape > 0, _LEVEL, 1.0)
    baseline.a *= keep
    baseline.a += baseline.ring_users[then]
    baseline.a_events *= keep
    baseline.a_events += baseline.ring_events[then]
    baseline.b *= keep
    baseline.b += shape
    baseline.profile_users *= np.where(shape > 0, _PROFILE, 1.0)
    baseline.profile_days *= np.where(shape > 0, _PROFILE, 1.0)
    every = np.arange(len(kind))
    baseline.profile_users[kind, every] += baseline.ring_users[then]
    baseline.profile_days[kind, every] += baseline.ring_factor[then]


def begin(baseline: Baseline, day: Day) -> None:
    """Starts the keys whose first user came on this day."""
    baseline.start[(baseline.start == 0) & (day.users > 0) & day.known] = day.date + 1


def _levels(baseline: Baseline, day: Day, settled: Bools, calm: Bools) -> tuple[Floats, Young]:
    """Users a day by key, those of young keys leaning on their settled peers; and the curve that these will follow."""
    at = newcomers.young_at(baseline.start, day.date)
    age = day.date + 1 - baseline.start[at]
    _take_over(baseline, day, at, age)
    at, age, level = at[age < GROWN], age[age < GROWN], baseline.level
    if not len(at):
        return level, Young()
    band, of = newcomers.band_of(age), day.peers[at]
    users, days = _own(baseline, at, day.date, age)
    mean, strength = newcomers.prior(level, settled, day.peers, day.groups)
    known = users + strength[of]
    level[at] = known / (days + strength[of] / mean[of])
    return level, Young(at, band, _curve(baseline, day, at, band), 1 / known, (calm & day.known)[at])


def _take_over(baseline: Baseline, day: Day, at: Ints, age: Ints) -> None:
    """Where a key has come to the end of a stretch of the curve, its level goes on as the curve has left it."""
    ends = np.isin(age, [*BANDS[1:], GROWN])
    at = at[ends]
    if len(at):
        curve = _curve(baseline, day, at, newcomers.band_of(age[ends] - 1))
        baseline.b[at] /= curve
        for days in (baseline.profile_days, baseline.ring_shape, baseline.ring_factor):
            days[:, at] /= curve


def _curve(baseline: Baseline, day: Day, at: Ints, band: Ints) -> Floats:
    return newcomers.curve(baseline.young_seen, baseline.young_due, at, band, day.peers, day.groups)


def _own(baseline: Baseline, at: Ints, date: int, age: Ints) -> tuple[Floats, Floats]:
    """Users of young keys, and the days (as they weigh) they came on: the learned ones, and of the newest keys more."""
    users, days, lag = baseline.a[at], baseline.b[at], newcomers.lag_of(age, LAG)
    for back in range(1, LAG + 1):
        these, then = lag < back, (date - back) % (LAG + 1)
        users[these] += baseline.ring_users[then, at[these]]
        days[these] += baseline.ring_shape[then, at[these]]
    return users, days


def _profile(baseline: Baseline, day: Day, level: Floats) -> Floats:
    """The factor of this kind of day by key, shrunk to the peers' (and theirs to everyone's)."""
    every = np.arange(len(day.kind))
    users, days = baseline.profile_users[day.kind, every], baseline.profile_days[day.kind, every]
    peers = _peers_profile(baseline, day, level)[day.kind, day.peers]
    profile: Floats = (users + _SHRINK_PROFILE * peers) / (level * days + _SHRINK_PROFILE)
    return profile


def _peers_profile(baseline: Baseline, day: Day, level: Floats) -> NDArray[Any]:
    """(KINDS, groups): what groups of peers do on each kind of day; holidays lean on the weekend's factor."""
    users = np.stack([np.bincount(day.peers, baseline.profile_users[kind], day.groups) for kind in range(KINDS)])
    due = np.stack([np.bincount(day.peers, level * baseline.profile_days[kind], day.groups) for kind in range(KINDS)])
    everyone = (users.sum(1) + 10) / (due.sum(1) + 10)
    everyone[HOLIDAY] = (users[HOLIDAY].sum() + 10 * everyone[5:7].mean()) / (due[HOLIDAY].sum() + 10)
    found: NDArray[Any] = (users + 10 * everyone[:, None]) / (due + 10)
    return found

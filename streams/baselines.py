"""What an account would do today if nothing had changed: its level, its week's profile, and what its peers do.

Expected users m = λ · w · f. The level λ = (a + .05)/(b + .5) forgets by half in 56 days; w is the account's factor for
this kind of day (seven weekdays and holidays), shrunk to its peers'; f is what the peers do against their own
expectations, this account left out. A day is learned only when it is 7 days old, so that a drop is compared with what
was before it. After the comparison in facts/detection.md ("REC").
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from streams.columns import Columns
from streams.detectors.base import Bools, Day, Floats, Ints, Singles

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

    @classmethod
    def initial(cls, size: int) -> Self:
        """Nothing learned of `size` keys."""
        flat: dict[str, Any] = {name: np.zeros(size) for name in ("a", "b", "a_events")}
        kinds: dict[str, Any] = {name: np.zeros((KINDS, size)) for name in ("profile_users", "profile_days")}
        names = ("ring_users", "ring_events", "ring_shape", "ring_factor")
        rings: dict[str, Any] = {name: np.zeros((LAG + 1, size), np.float32) for name in names}
        return cls(
            start=np.zeros(size, np.int64), ring_kind=np.zeros((LAG + 1, size), np.int8), **flat, **kinds, **rings
        )

    @property
    def level(self) -> Floats:
        """Users a day, before profile and factor."""
        level: Floats = (self.a + 0.05) / (self.b + 0.5)
        return level

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


def expect(baseline: Baseline, day: Day, trusted: Bools, dispersion: Floats) -> Expectation:
    """What each key would do on a day; peers that are not `trusted` (new, or in alarm) have no say in the factor."""
    level = baseline.level
    profile = _profile(baseline, day, level)
    alone = level * profile
    weight = np.where(trusted & (baseline.start > 0), 1 / (1 + dispersion * alone), 0.0)
    seen, due = weight * day.users, weight * alone
    group_seen = np.bincount(day.peers, seen, day.groups)[day.peers] - seen
    group_due = np.bincount(day.peers, due, day.groups)[day.peers] - due
    factor = (group_seen + _SHRINK_PEERS) / (group_due + _SHRINK_PEERS)
    return Expectation(level, profile * factor, factor, alone * factor)


def learn(baseline: Baseline, day: Day, expected: Expectation) -> None:
    """Puts the day into the rings, and takes the one that is `LAG` days old into level and profile."""
    started = (baseline.start > 0) & day.known
    now, then = day.date % (LAG + 1), (day.date - LAG) % (LAG + 1)
    baseline.ring_users[now] = np.where(started, day.users, 0)
    baseline.ring_events[now] = np.where(started, day.events, 0)
    baseline.ring_shape[now] = np.where(started, expected.shape, 0)
    baseline.ring_factor[now] = np.where(started, expected.factor, 0)
    baseline.ring_kind[now] = day.kind
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

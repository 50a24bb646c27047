"""What a busy key would do in each hour of a day, and how far off that is as a rule.

Expected events of an hour m = λ · w · s · f: the level of a day, the factor of this kind of day, the share of the hour
among days like it (working days, Saturdays, Sundays and holidays), and what the other busy keys do in that hour
against their own expectations, this one left out. Only hours that were no alarm are learned.
"""

from dataclasses import dataclass

import numpy as np

from streams.baselines import HOLIDAY, KINDS
from streams.columns import Columns
from streams.detectors.base import HOURS, Bools, Floats, Hours, Ints

SPANS = (2, 3, 4, 6, 9, 12)  # hours that are looked at together
LONGEST = SPANS[-1]
_LEVEL = 0.5 ** (1 / 28)
_SLOW = 0.5 ** (1 / 84)
_LIKE = np.array([0, 0, 0, 0, 0, 1, 2, 2])  # which days share their hours, by kind of day
_ALIKE = 3
_SHRINK_PEERS = 0.25  # of a usual peer
_SHRINK_KIND = 3.0
_PRIOR_SPREAD = 0.05
_PRIOR_DAYS = 5.0


@dataclass
class Habit(Columns):
    """What was learned of each busy key."""

    age: Ints  # days learned
    total: Floats  # decayed events …
    days: Floats  # … and days they came on, in working days' worth
    kind_events: Floats  # (KINDS, keys)
    kind_days: Floats
    hour_events: Floats  # (alike, HOURS, keys)
    spread: Floats  # (spans, keys): squared errors beyond Poisson …
    spread_of: Floats  # … and the squared expectations they belong to
    last_seen: Floats  # (LONGEST, keys): the last hours of the day before
    last_due: Floats

    @classmethod
    def initial(cls, size: int) -> "Habit":
        """Nothing learned of `size` keys."""
        flat = {name: np.zeros(size) for name in ("total", "days")}
        kinds = {name: np.zeros((KINDS, size)) for name in ("kind_events", "kind_days")}
        spans = {name: np.zeros((len(SPANS), size)) for name in ("spread", "spread_of")}
        last = {name: np.zeros((LONGEST, size)) for name in ("last_seen", "last_due")}
        hours = np.zeros((_ALIKE, HOURS, size))
        return cls(age=np.zeros(size, np.int64), hour_events=hours, **flat, **kinds, **spans, **last)


def expect(habit: Habit, kind: Ints, peers: Ints, hours: Hours, trusted: Bools) -> tuple[Floats, Floats]:
    """(HOURS, keys): the events due in each hour, with and without the peers' factor; the `trusted` alone make it."""
    every = np.arange(len(kind))
    level = habit.total / np.maximum(habit.days, 1e-9)
    factor = _kind_factor(habit, level)[kind, every]
    by_hour = habit.hour_events[_LIKE[kind], :, every].T
    alone: Floats = level * factor * by_hour / np.maximum(by_hour.sum(0), 1e-9)
    alone[np.arange(HOURS)[:, None] >= hours.known] = 0
    weight = np.where(trusted, 1 / (1 + _dispersion(habit)[0] * alone), 0.0)
    seen, due = _by_group(weight * hours.events, peers), _by_group(weight * alone, peers)
    lean = _SHRINK_PEERS * due / np.maximum(np.bincount(peers, minlength=due.shape[1]), 1) + 1e-9
    others_seen = seen[:, peers] - weight * hours.events + lean[:, peers]
    others_due = due[:, peers] - weight * alone + lean[:, peers]
    return alone * np.minimum(others_seen / others_due, 1.0), alone


def sums(before: Floats, today: Floats) -> Floats:
    """(spans, HOURS, keys): the sums of the hours up to each hour of today; `before` are the last of the day before."""
    total = np.concatenate([np.zeros((1, today.shape[1])), np.cumsum(np.concatenate([before, today]), 0)])
    ends = np.arange(LONGEST + 1, LONGEST + HOURS + 1)
    return np.stack([total[ends] - total[ends - span] for span in SPANS])


def windows(habit: Habit, hours: Hours, due: Floats) -> tuple[Floats, Floats, Floats]:
    """(spans, HOURS, keys) each: events seen and due in the hours that end with each hour, and their dispersion."""
    seen_sums, due_sums = sums(habit.last_seen, hours.events), sums(habit.last_due, due)
    spread = np.broadcast_to(_dispersion(habit)[:, None, :], due_sums.shape)
    return seen_sums, due_sums, spread


def learn(habit: Habit, kind: Ints, hours: Hours, due: Floats, calm: Bools) -> None:
    """Takes in a whole day: its hours, and of `calm` keys what there is to learn of them."""
    seen_sums, due_sums, spread = windows(habit, hours, due)
    squared = np.minimum((seen_sums - due_sums) ** 2, 9 * (due_sums + spread * due_sums**2))
    known = due_sums > 0
    habit.spread *= np.where(calm, _SLOW, 1.0)
    habit.spread += np.where(calm, np.where(known, squared - due_sums, 0).mean(1), 0)
    habit.spread_of *= np.where(calm, _SLOW, 1.0)
    habit.spread_of += np.where(calm, np.where(known, due_sums**2, 0).mean(1), 0)
    _learn_level(habit, kind, hours, calm)
    every = np.arange(len(kind))
    ends = hours.length[None, :] - LONGEST + np.arange(LONGEST)[:, None]
    habit.last_seen, habit.last_due = hours.events[ends, every], due[ends, every]


def _learn_level(habit: Habit, kind: Ints, hours: Hours, calm: Bools) -> None:
    every = np.arange(len(kind))
    events = hours.events.sum(0)
    level = np.where(habit.days > 0, habit.total / np.maximum(habit.days, 1e-9), events)
    factor = _kind_factor(habit, level)[kind, every]
    habit.age += calm
    habit.total = np.where(calm, habit.total * _LEVEL + events, habit.total)
    habit.days = np.where(calm, habit.days * _LEVEL + factor, habit.days)
    habit.kind_events *= np.where(calm, _SLOW, 1.0)
    habit.kind_days *= np.where(calm, _SLOW, 1.0)
    habit.kind_events[kind, every] += np.where(calm, events, 0)
    habit.kind_days[kind, every] += calm
    habit.hour_events *= np.where(calm, _LEVEL, 1.0)
    habit.hour_events[_LIKE[kind], :, every] += np.where(calm, hours.events, 0).T


def _kind_factor(habit: Habit, level: Floats) -> Floats:
    """(KINDS, keys): what a kind of day is to the level; one not seen yet leans on 1, a holiday on Sundays."""
    usual = np.ones((KINDS, len(level)))
    found = (habit.kind_events + _SHRINK_KIND * level * usual) / (level * habit.kind_days + _SHRINK_KIND * level + 1e-9)
    sundays = found[HOLIDAY - 1]
    of, days = habit.kind_events[HOLIDAY], habit.kind_days[HOLIDAY]
    found[HOLIDAY] = (of + _SHRINK_KIND * level * sundays) / (level * (days + _SHRINK_KIND) + 1e-9)
    return found


def _dispersion(habit: Habit) -> Floats:
    """(spans, keys): how much noisier than Poisson the sums of so many hours are."""
    usual = habit.spread_of / np.clip(habit.age, 1, 1 / (1 - _SLOW))
    lean = _PRIOR_DAYS * usual + 1e-9
    return np.clip((habit.spread + lean * _PRIOR_SPREAD) / (habit.spread_of + lean), 0.002, 5.0)


def _by_group(values: Floats, peers: Ints) -> Floats:
    """(HOURS, groups): the sums of each group of peers."""
    groups = int(peers.max(initial=-1)) + 1
    return np.stack([np.bincount(peers, row, groups) for row in values]) if groups else np.zeros((HOURS, 0))

"""A release disturbs: after it, a segment that got it does less, and accounts that did not get it don't.

Before and after, differences in differences: every account's users by the kind of day in the 28 days before the release
say what was due in up to 14 days after it (weekdays and holidays cancel), the accounts without it say what changed for
everyone. Judged is the rarity of the users seen in each segment, under a negative binomial that is as noisy as the
segment's weeks before, from 7 days after the release until 28; and most of the segment's accounts must be below.

>>> from streams.detectors.examples import days_of
>>> group, control = np.array([0, 0, -1]), np.array([False, False, True])
>>> mark = Mark(30, np.array([9]), group, control)
>>> detector = ReleaseDisrupted()
>>> state = detector.initial()
>>> for day in days_of([[8] * 31 + [3] * 10, [6] * 31 + [2] * 10, [9] * 41]):
...     marks = (mark,) if day.date >= 30 else ()
...     state, verdicts = detector.step(state, ReleaseDay.of(day, marks))
>>> verdicts.crosses.tolist(), verdicts.ratio.round(2).tolist()
([True], [0.36])
"""

from dataclasses import dataclass, field, fields
from typing import NamedTuple

import numpy as np

from streams.baselines import HOLIDAY, KINDS
from streams.columns import Arrays, Columns
from streams.detectors.base import Bools, Case, Day, Floats, Ints, Verdicts
from streams.recents import scan

BEFORE, AFTER, UNTIL = 28, 14, 28
_FIRST = 7
_RING = BEFORE + UNTIL
_UNKNOWN = KINDS
_RARE = 2.3
_CLEAR = 0.75
_BROAD = 0.6
_SHRINK = 3.0
_YOUNG = 14
_NONE: Ints = np.empty(0, np.int64)


class Mark(NamedTuple):
    """A release that is watched.

    Attributes:
        date: Its day.
        names: The keys it is judged by, one a segment.
        group: By key of the day, whose it is of `names`; -1: of none.
        control: By key of the day, whether it did not get the release.
    """

    date: int
    names: Ints
    group: Ints
    control: Bools


@dataclass(frozen=True)
class ReleaseDay(Day):
    """A day, and the releases of the last four weeks."""

    marks: tuple[Mark, ...] = ()

    @classmethod
    def of(cls, day: Day, marks: tuple[Mark, ...]) -> "ReleaseDay":
        """The day with them."""
        return cls(**{one.name: getattr(day, one.name) for one in fields(Day)}, marks=marks)


@dataclass
class Recorded(Columns):
    """By key of the day: the first day, plus one, and users and kind of the last days, by date modulo their number."""

    start: Ints
    users: Ints
    kind: Ints  # _UNKNOWN: the day says nothing


@dataclass
class Effects(Columns):
    """By release and segment: what was seen after it and before, what was due without the control's factor, of whom."""

    date: Ints
    days: Ints
    seen: Floats
    alone: Floats
    before: Floats
    factor: Floats
    control: Ints
    spread: Floats
    members: Ints
    below: Ints
    judged: Bools

    @classmethod
    def initial(cls) -> "Effects":
        """Of no release."""
        arrays: Arrays = {one.name: np.zeros(0) for one in fields(cls)}
        counts = ("date", "days", "control", "members", "below")
        arrays |= dict.fromkeys(counts, _NONE) | {"judged": np.zeros(0, np.bool_)}
        return cls(**arrays)


@dataclass
class ReleaseState:
    """Keys of the day with what they did, and effects by their key."""

    keys: Ints = field(default_factory=lambda: _NONE)
    recorded: Recorded = field(
        default_factory=lambda: Recorded(_NONE, np.zeros((_RING, 0), np.uint16), np.zeros((_RING, 0), np.uint8))
    )
    names: Ints = field(default_factory=lambda: _NONE)
    effects: Effects = field(default_factory=Effects.initial)
    date: int = 0


class ReleaseDisrupted:
    """Judges releases, by segment. People mark few of them: it has no share of the false-alert budget."""

    name = "release_disrupted"
    version = "1"

    def initial(self) -> ReleaseState:
        """Nothing seen of anyone."""
        return ReleaseState()

    def step(self, state: ReleaseState, day: Day) -> tuple[ReleaseState, Verdicts]:
        """One day: record it, and look at the releases."""
        _record(state, day)
        marks = day.marks if isinstance(day, ReleaseDay) else ()
        _name(state, marks)
        state.effects.judged = np.zeros(len(state.names), np.bool_)
        for mark in marks:
            if day.covered and _FIRST <= day.date - mark.date < UNTIL and len(mark.names):
                _judge(state, mark)
        effects = state.effects
        score, ratio = _score(effects)
        crosses, score = effects.judged & disturbs(effects), np.where(effects.judged, score, 0)
        return state, Verdicts(state.names, effects.judged, crosses, score, np.full(len(score), _RARE), ratio)

    def case(self, state: ReleaseState, index: int) -> Case:
        """What was seen and due since the release, and what the accounts without it did."""
        one = state.effects
        due, spread = float(one.alone[index] * one.factor[index]), float(one.spread[index])
        counts = np.arange(int(due) + 2, dtype=float)
        tails = scan(counts, np.full(len(counts), due), np.full(len(counts), max(spread, 1e-3)))
        quiet = (tails < _RARE) | (counts > _CLEAR * due)
        return Case(
            onset=int(one.date[index]) + 1,
            last=state.date,
            window=int(one.days[index]),
            observed=float(one.seen[index]),
            expected=due,
            dispersion=spread,
            events_observed=0.0,
            events_expected=0.0,
            factor=float(one.factor[index]),
            peers=int(one.control[index]),
            quiet_from=float(np.argmax(quiet)),
            extra={
                "before_a_week": round(float(one.before[index]) * 7 / BEFORE, 1),
                "after_a_week": round(float(one.seen[index]) * 7 / max(float(one.days[index]), 1), 1),
                "accounts": int(one.members[index]),
                "accounts_below": int(one.below[index]),
                "accounts_without": int(one.control[index]),
            },
        )

    def save(self, state: ReleaseState) -> Arrays:
        """Every array by its name."""
        parts = {"recorded": state.recorded, "effects": state.effects}
        arrays = {f"{name}.{column}": a for name, part in parts.items() for column, a in part.arrays().items()}
        return arrays | {"keys": state.keys, "names": state.names, "date": np.array([state.date])}

    def load(self, arrays: Arrays) -> ReleaseState:
        """What `save` gave."""
        recorded = Recorded(**{one.name: arrays[f"recorded.{one.name}"] for one in fields(Recorded)})
        effects = Effects(**{one.name: arrays[f"effects.{one.name}"] for one in fields(Effects)})
        return ReleaseState(arrays["keys"], recorded, arrays["names"], effects, int(arrays["date"][0]))


def disturbs(effects: Effects) -> Bools:
    """Which releases disturb which segments, by what was seen when each was judged last."""
    score, ratio = _score(effects)
    broad = effects.below >= _BROAD * effects.members
    found: Bools = (effects.members > 0) & broad & (ratio <= _CLEAR) & (score >= _RARE)
    return found


def _score(effects: Effects) -> tuple[Floats, Floats]:
    """How rare what was seen is, and what it is of what was due."""
    due = effects.alone * effects.factor
    return scan(effects.seen, due, np.maximum(effects.spread, 1e-3)), effects.seen / np.maximum(due, 1e-9)


def _record(state: ReleaseState, day: Day) -> None:
    """Puts the day into the ring; keys only get more."""
    if len(day.keys) > len(state.keys):
        state.recorded = state.recorded.grown(np.searchsorted(day.keys, state.keys), len(day.keys))
        state.keys = day.keys
    known, ring = day.known, state.recorded
    ring.start[known & (ring.start == 0) & (day.users > 0)] = day.date + 1
    known = known & (ring.start > 0)
    ring.users[day.date % _RING] = np.where(known, np.minimum(day.users, 65_535), 0)
    ring.kind[day.date % _RING] = np.where(known, day.kind, _UNKNOWN)
    state.date = day.date


def _name(state: ReleaseState, marks: tuple[Mark, ...]) -> None:
    """Makes room for the releases' segments."""
    names = np.unique(np.concatenate([state.names, *(mark.names for mark in marks)])).astype(np.int64)
    state.effects = state.effects.grown(np.searchsorted(names, state.names), len(names))
    state.names = names


def _judge(state: ReleaseState, mark: Mark) -> None:
    """What a release's segments did since, against what was due."""
    asked = np.flatnonzero((mark.group >= 0) | mark.control)
    asked = asked[(state.recorded.start[asked] > 0) & (mark.date - state.recorded.start[asked] >= _YOUNG - 1)]
    group, segments = mark.group[asked], len(mark.names)
    first = max(mark.date + 1, state.date - AFTER + 1)
    before = (mark.date - 1 - np.arange(BEFORE)) % _RING
    after = np.arange(first, state.date + 1) % _RING
    seen, due = _seen_and_due(state.recorded, asked, before, after)
    treated = group >= 0
    mine, control = group[treated], ~treated & (due > 0)
    weeks = state.recorded.users[before][:, asked[treated]].reshape(BEFORE // 7, 7, -1).sum(1)
    by_week: Floats = np.stack([np.bincount(mine, week, segments) for week in weeks]).astype(np.float64)
    at, one = np.searchsorted(state.names, mark.names), state.effects
    one.date[at], one.days[at], one.judged[at] = mark.date, len(after), True
    one.seen[at], one.alone[at] = np.bincount(mine, seen[treated], segments), np.bincount(mine, due[treated], segments)
    one.before[at] = by_week.sum(0)
    one.factor[at] = (seen[control].sum() + _SHRINK) / (due[control].sum() + _SHRINK)
    one.control[at] = control.sum()
    one.spread[at] = _spread(by_week) + (1 / due[control].sum() if control.any() else 0)
    one.members[at] = np.bincount(mine, due[treated] >= 1, segments)
    below = (due >= 1) & (seen < _CLEAR * due * one.factor[at][0])
    one.below[at] = np.bincount(mine, below[treated], segments)


def _seen_and_due(recorded: Recorded, asked: Ints, before: Ints, after: Ints) -> tuple[Floats, Floats]:
    """By key: users on the known days after, and what these kinds of days had before; a holiday is like a weekend."""
    users, kind = recorded.users[before][:, asked].astype(float), recorded.kind[before][:, asked]
    known = kind < _UNKNOWN
    mean = (users * known).sum(0) / np.maximum(known.sum(0), 1)
    rates = np.empty((KINDS + 1, len(asked)))
    for which in range(KINDS):
        days = (kind == which).sum(0)
        rates[which] = np.where(days > 0, (users * (kind == which)).sum(0) / np.maximum(days, 1), mean)
    free = (kind == HOLIDAY).sum(0)
    rates[HOLIDAY] = np.where(free > 0, rates[HOLIDAY], rates[5:7].mean(0))
    rates[_UNKNOWN] = 0
    kinds = recorded.kind[after][:, asked]
    due = np.take_along_axis(rates, kinds.astype(np.int64), 0).sum(0)
    seen = (recorded.users[after][:, asked] * (kinds < _UNKNOWN)).sum(0).astype(float)
    return seen, due


def _spread(by_week: Floats) -> Floats:
    """How much noisier than Poisson a segment's weeks were; four weeks say little, so they lean on a usual value."""
    mean = np.maximum(by_week.mean(0), 1)
    own = np.maximum(by_week.var(0, ddof=1) - mean, 0) / mean**2
    spread: Floats = np.clip((3 * own + 5 * 0.01) / 8, 0.005, 1)
    return spread

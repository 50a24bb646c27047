"""A busy behavior all but stops: seen within hours, where hundreds of events an hour leave no doubt.

Each hour the events of the last 2 to 12 hours are compared with what was due (streams/hours.py): the rarest tail of a
negative binomial is the score, and what is reached anew while nothing was wrong in this workspace's own history
sets the threshold (streams/calibration.py). Only a fall to less than a third counts: smaller ones are for the days.
A scan statistic over hours after Naus ("Approximations for distributions of scan statistics", JASA 1982).

>>> from streams.detectors.examples import busy_days_of
>>> detector = HourlyDropped(budget=0.5)
>>> state = detector.initial()
>>> for day in busy_days_of([300] * 40, stops=(39, 14)):
...     state, verdicts = detector.step(state, day)
>>> verdicts.crosses.tolist(), detector.case(state, 0).extra["hour"] - 14
([True], 2)
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from streams import calibration, hours, recents
from streams.calibration import Calibration
from streams.columns import Arrays, Columns, part_of
from streams.detectors.base import BUSY, HOURS, Bools, Case, Day, Floats, Hours, Ints, Verdicts
from streams.hours import SPANS, Habit

_WARM_UP = 21
_DUE = 200.0  # a day's events, from which on hours say something
_LEAST = 30.0  # events due in the hours looked at
_LEFT = 1 / 3
_HINDSIGHT = 28  # days: what stops at once is soon back, or not
_SHARED = 0.5
_LOOKS = np.log10(24)  # a day is looked at once an hour
_RECOVERED = 0.5
_ADAPTS = 28  # days after which what was an alarm is the new habit


@dataclass
class Watch(Columns):
    """What is remembered of each key besides its habit: since when it is low, and the scores of the last weeks."""

    since: Ints  # days since it is low, counted from 1; 0: it is not
    hour: Ints  # the hour of that day in which it crossed
    peak: Floats
    peak_age: Ints
    stratum: Ints  # (_HINDSIGHT + 1, keys), by date; -1: not judged
    events: Floats  # (_HINDSIGHT + 1, keys): what came, …
    due: Floats  # … and what was due

    @classmethod
    def initial(cls, size: int) -> "Watch":
        """Nothing of `size` keys."""
        ring = (_HINDSIGHT + 1, size)
        whole = {name: np.zeros(size, np.int64) for name in ("since", "hour", "peak_age")}
        return cls(peak=np.zeros(size), stratum=np.full(ring, -1), events=np.zeros(ring), due=np.zeros(ring), **whole)


@dataclass(frozen=True)
class Today:
    """What the last step saw: (spans, HOURS, keys) events seen and due, and each hour's best span and score."""

    seen: Floats
    due: Floats
    spread: Floats
    score: Floats
    span: Ints


_EMPTY = np.zeros((len(SPANS), HOURS, 0))
_NOTHING = Today(_EMPTY, _EMPTY, _EMPTY, _EMPTY[0], np.zeros((HOURS, 0), np.int64))


@dataclass
class HourlyState:
    """Busy keys (sorted), their habits, and the workspace's own thresholds."""

    keys: Ints
    habit: Habit
    watch: Watch
    calibrated: Calibration = field(default_factory=Calibration)
    rates: Floats = field(default_factory=lambda: np.zeros((1, calibration.STRATA, calibration.BINS + 1)))
    month: int = -1
    date: int = 0
    peers: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    today: Today = _NOTHING


class HourlyDropped:
    """Judges the hours of busy keys. `budget`: false alerts a year and key."""

    name = "hourly_dropped"
    version = "1"

    def __init__(self, budget: float = 0.5) -> None:
        self.budget = budget

    def initial(self) -> HourlyState:
        """No key."""
        return HourlyState(np.empty(0, np.int64), Habit.initial(0), Watch.initial(0))

    def step(self, state: HourlyState, day: Day) -> tuple[HourlyState, Verdicts]:
        """One day, or what there is of it so far."""
        self._calibrate(state, day.date)
        _grow(state, day.hours.keys[day.hours.events.sum(0) >= BUSY])
        at, known = _columns(state, day)
        says = day.known[np.searchsorted(day.keys, state.keys)]
        calm = (state.watch.since == 0) & says
        due, alone = hours.expect(state.habit, *at, known, calm)
        judged = calm | (state.watch.since > 0)
        judged &= (state.habit.age >= _WARM_UP) & (due.sum(0) >= _DUE) & says
        state.date, state.peers, state.today = day.date, at[1], _scan(state.habit, known, due, alone)
        verdicts = self._judge(state, judged, known, due)
        if day.covered:
            _remember(state, known, due, verdicts)
            learned = ((state.watch.since == 0) | (state.watch.since > _ADAPTS)) & says
            hours.learn(state.habit, at[0], known, due, learned)
        return state, verdicts

    def case(self, state: HourlyState, index: int) -> Case:
        """The hours that are rarest of the last day, in events."""
        today = state.today
        hour = int(state.watch.hour[index]) if state.watch.since[index] == 1 else int(today.score[:, index].argmax())
        span = int(today.span[hour, index])
        seen, due = (float(sums[span, hour, index]) for sums in (today.seen, today.due))
        counts = np.arange(int(due) + 2, dtype=float)
        spread = float(today.spread[span, hour, index])
        tails = recents.scan(counts, np.full(len(counts), due), np.full(len(counts), spread))
        limit = self._limits(state)[index]
        return Case(
            onset=state.date - max(int(state.watch.since[index]) - 1, 0),
            last=state.date,
            window=1,
            observed=seen,
            expected=due,
            dispersion=spread,
            events_observed=seen,
            events_expected=due,
            factor=1.0,
            peers=int((state.peers == state.peers[index]).sum()) - 1,
            quiet_from=float(min(np.argmax(tails - _LOOKS < limit), np.ceil(_LEFT * due))),
            extra={"hours": SPANS[span], "hour": hour + 1, "unit": "events"},
        )

    def save(self, state: HourlyState) -> Arrays:
        """Every array, under names with a prefix."""
        parts: dict[str, Any] = {"habit": state.habit, "watch": state.watch, "calibrated": state.calibrated}
        arrays = {f"{name}.{column}": found for name, part in parts.items() for column, found in part.arrays().items()}
        moment = np.array([state.month, state.date])
        return arrays | {"keys": state.keys, "rates": state.rates, "moment": moment}

    def load(self, arrays: Arrays) -> HourlyState:
        """What `save` gave."""
        month, date = arrays["moment"].tolist()
        habit, watch = Habit(**part_of(arrays, "habit.")), Watch(**part_of(arrays, "watch."))
        counted = Calibration.restored(part_of(arrays, "calibrated."))
        return HourlyState(arrays["keys"], habit, watch, counted, arrays["rates"], month, date)

    def _calibrate(self, state: HourlyState, date: int) -> None:
        """New rates on the first day of each month, from what was known by then."""
        month = calibration.month_of(date)
        if month != state.month:
            state.rates, state.month = calibration.rates(state.calibrated)[None], month

    def _limits(self, state: HourlyState) -> Floats:
        """What each key's score must reach."""
        found: Floats = calibration.thresholds(state.rates[0], self.budget)[self._strata(state)]
        return found

    def _rarity(self, state: HourlyState, score: Floats) -> Floats:
        """How rare each key's score is; what was never seen is not rarer than the time it was not seen in."""
        seldom = 1 / (state.calibrated.years.sum() + calibration.YEARS_OF_PRIOR)
        rates = np.maximum(state.rates, min(seldom, self.budget))
        found: Floats = calibration.rarity(rates, self._strata(state), score[None])[0]
        return found

    @staticmethod
    def _strata(state: HourlyState) -> Ints:
        """The stratum of each key's events a week."""
        return calibration.stratum_of(7 * _level(state.habit))

    def _judge(self, state: HourlyState, judged: Bools, known: Hours, due: Floats) -> Verdicts:
        """Who crosses, and in which hour first; who is low already stays so until half of what is due comes again."""
        watch, today = state.watch, state.today
        limit, best = self._limits(state), today.score.max(0, initial=0)
        total, seen = due.sum(0), known.events.sum(0)
        begins = judged & (watch.since == 0) & (best >= limit) & (best > 0)
        goes_on = (watch.since > 0) & ((seen < _RECOVERED * total) | (total < _LEAST))
        watch.hour = np.where(begins, (today.score >= limit).argmax(0), watch.hour)
        watch.since = np.where(begins, 1, np.where(goes_on, watch.since + 1, 0))
        at = watch.hour, np.arange(len(limit))
        span = today.span[at]
        then = today.seen[span, *at] / np.maximum(today.due[span, *at], 1e-9)
        ratio = np.where(begins, then, seen / np.maximum(total, 1e-9))
        rarity = self._rarity(state, best)
        reach = calibration.rarity_of(np.full(len(limit), self.budget))
        return Verdicts(state.keys, judged, begins | goes_on, rarity, reach, ratio)


def _level(habit: Habit) -> Floats:
    """Events on a usual day."""
    found: Floats = habit.total / np.maximum(habit.days, 1e-9)
    return found


def _scan(habit: Habit, known: Hours, due: Floats, alone: Floats) -> Today:
    """How rare it is to see so little in the hours up to each hour; 0 where that is more than a third, or too thin.

    While most of what the peers do is missing too, it is not this key's own fall.
    """
    seen_sums, due_sums, spread = hours.windows(habit, known, due)
    over = np.arange(HOURS)[:, None] < known.known
    own = due_sums >= _SHARED * hours.sums(habit.last_due, alone)
    low = (seen_sums < _LEFT * due_sums) & (due_sums >= _LEAST) & over & own
    tails = np.zeros(low.shape)
    tails[low] = recents.scan(seen_sums[low], due_sums[low], spread[low])
    return Today(seen_sums, due_sums, spread, np.maximum(tails.max(0) - _LOOKS, 0), tails.argmax(0))


def _remember(state: HourlyState, known: Hours, due: Floats, verdicts: Verdicts) -> None:
    """Counts what 28 days have shown to be nothing, and notes what is new today."""
    watch, date = state.watch, state.date
    now = date % (_HINDSIGHT + 1)
    then = (date - _HINDSIGHT) % (_HINDSIGHT + 1)
    stratum = np.where(verdicts.judged, calibration.stratum_of(7 * _level(state.habit)), -1)
    score = np.where(verdicts.judged, state.today.score.max(0, initial=0), 0)
    stratum_then = watch.stratum[then].copy()
    watch.stratum[now], watch.events[now], watch.due[now] = stratum, known.events.sum(0), due.sum(0)
    clean = watch.events.sum(0) >= calibration.CLEAN * watch.due.sum(0)
    calibration.judge(state.calibrated, date, state.keys, clean, stratum_then, after=_HINDSIGHT)
    calibration.note(state.calibrated, date, state.keys, stratum, score, watch.peak)
    calibration.decay_peak(watch.peak, watch.peak_age, score)


def _grow(state: HourlyState, keys: Ints) -> None:
    """Room for the keys that have become busy."""
    wanted = np.union1d(state.keys, keys)
    if len(wanted) == len(state.keys):
        return
    places = np.searchsorted(wanted, state.keys)
    fresh = np.ones(len(wanted), np.bool_)
    fresh[places] = False
    state.habit, state.watch = state.habit.grown(places, len(wanted)), state.watch.grown(places, len(wanted))
    state.watch.stratum[:, fresh] = -1
    state.keys = wanted


def _columns(state: HourlyState, day: Day) -> tuple[tuple[Ints, Ints], Hours]:
    """The kind of day and the peers of our keys, and their hours; one that is not busy these days did nothing."""
    given, at = day.hours, np.searchsorted(day.keys, state.keys)
    ours = np.isin(given.keys, state.keys)
    place = np.searchsorted(state.keys, given.keys[ours])
    events = np.zeros((HOURS, len(state.keys)))
    length = np.full(len(state.keys), HOURS - 1)
    known = np.full(len(state.keys), min(HOURS - 1, int(given.known.min(initial=HOURS))))
    events[:, place], length[place], known[place] = given.events[:, ours], given.length[ours], given.known[ours]
    return (day.kind[at], day.peers[at]), Hours(state.keys, events, length, known)

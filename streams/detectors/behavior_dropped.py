"""An account does less than before, and less than its peers: a scan over 7 to 42 days beside two CUSUMs.

Distinct users a day are compared with the baseline (streams/baselines.py). The scan is the rarity of the users seen in
the last 7, 14, 28 and 42 days under a negative binomial, -log10 of its tail; the CUSUMs (Page 1954, in their
negative-binomial form: Höhle and Paul, "Count data regression charts", CSDA 2008) add up the log10 likelihood ratio of
a fall to a quarter and of one to a half. The mean of the rarest span and the longest, and the CUSUMs' square roots, are
added, as one adds the logarithms of independent tests (Fisher 1932). That they are not independent is calibration's
affair: it turns the sum into how rare it is in this workspace's own history (streams/calibration.py), and a key crosses
when that is rarer than its budget.
An account's keys share its budget.
Before its 7th day, or with less than 3 users due in 42 days, a key is not judged (streams/newcomers.py).

>>> from streams.detectors.examples import days_of
>>> detector = BehaviorDropped(budget=0.5)
>>> state = detector.initial()
>>> for day in days_of([[6] * 70 + [1] * 10, [6] * 80]):
...     state, verdicts = detector.step(state, day)
>>> verdicts.crosses.tolist(), detector.case(state, 0).onset
([True, False], 70)
"""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from schemas.coverage import FROM
from streams import baselines, calibration, newcomers, recents
from streams.baselines import Baseline
from streams.calibration import Calibration, Prior
from streams.columns import Arrays, part_of
from streams.detectors.base import Bools, Case, Day, Floats, Ints, Verdicts
from streams.newcomers import Doubt
from streams.recents import RING, SPANS, Recent

_CURRENT = 0.85
_VISIBLE = -np.log10(0.025)  # what an alert observed lies below the 95 % interval it shows


@dataclass(frozen=True)
class Today:
    """What the last step saw: users seen and due by span and key, the dispersion of each, and their rarity.

    `limit` is the rarity at which a key crosses; `alike` says by group of peers how many are old enough.
    """

    seen: Floats
    due: Floats
    spread: Floats
    tails: Floats
    peers: Ints
    alike: Ints
    limit: Floats


class Past(NamedTuple):
    """By key, of the day `HINDSIGHT` days ago: whether it has come to nothing, and whether it was judged and counts."""

    clean: Bools
    counted: Bools


_NO_PAST = Past(np.zeros(0, np.bool_), np.zeros(0, np.bool_))
_EMPTY = np.zeros((len(SPANS), 0))
_NOTHING = Today(_EMPTY, _EMPTY, _EMPTY, _EMPTY, np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))


@dataclass
class DropState:
    """All there is to know: keys (sorted), their baselines and recent days, and the workspace's own thresholds."""

    keys: Ints
    baseline: Baseline
    recent: Recent
    doubt: Doubt = field(default_factory=lambda: Doubt.initial(len(SPANS)))
    calibration: Calibration = field(default_factory=Calibration)
    rates: Floats = field(default_factory=lambda: np.zeros((calibration.STRATA, calibration.BINS + 1)))
    month: int = -1
    date: int = 0
    margin: float = 0.0
    today: Today = _NOTHING
    past: Past = _NO_PAST


class BehaviorDropped:
    """Judges every key's last weeks against its baseline. `budget`: false alerts a year and account, all keys of it."""

    name = "behavior_dropped"
    version = "4"
    warm_up = FROM
    thin = 3.0
    calibrates = True
    usual = Prior(10 * np.power(10.0, -0.2 * calibration.SCORES), lean=50)

    def __init__(self, budget: float = 0.5) -> None:
        self.budget = budget

    def initial(self) -> DropState:
        """Nothing known of anyone."""
        return DropState(np.empty(0, np.int64), Baseline.initial(0), Recent.initial(0))

    def step(self, state: DropState, day: Day) -> tuple[DropState, Verdicts]:
        """One day: expect, compare, judge, learn."""
        _grow(state, day.keys)
        recent, baseline = state.recent, state.baseline
        state.past = _look_back(state, day.date)
        self._calibrate(state, day)
        baselines.begin(baseline, day)
        old = (baseline.judged(self.warm_up)[1] <= day.date) & day.known
        grown = baseline.age(day.date) >= newcomers.KNOWN
        alike = np.bincount(day.peers[grown], minlength=day.groups)
        noise = recents.dispersions(recent)
        expected = baselines.expect(baseline, day, ~recent.alarmed, noise[0])
        recents.remember(recent, day, expected, baseline.age(day.date) >= FROM - 1)
        wide = state.doubt.widen(noise[1:], expected.young)
        seen, due = recent.sums(recent.users, day.date), recent.sums(recent.mean, day.date)
        judged = old & (due[-1] >= self.thin)
        recents.add_up(recent, day, expected.mean, noise[0], judged)
        tails = recents.scan(seen, due, wide)
        limit = calibration.rarity_of(self.budget / _siblings(state.keys, judged)) + day.margin
        verdicts = _judge(state, day.date, judged, Today(seen, due, wide, tails, day.peers, alike, limit))
        recent.alarmed = verdicts.crosses | recents.surges(seen, due, noise)
        if day.covered:
            calm = judged & ~recent.alarmed & (baseline.age(day.date) >= newcomers.KNOWN)
            recents.disperse(recent, (day.users, expected.mean), (seen, due), noise, calm)
            state.doubt.learn(noise[1:], expected.young, seen, due)
        baselines.learn(baseline, day, expected)
        return state, verdicts

    def case(self, state: DropState, index: int) -> Case:
        """The span that is rarest, what was seen and due in it, and since when."""
        recent, date, today = state.recent, state.date, state.today
        at = int(today.tails[:, index].argmax())
        days = (date - np.arange(SPANS[at])) % RING
        factor, mean = recent.factor[days, index], recent.mean[days, index]
        alone = mean / np.maximum(factor, 1e-9)
        events = state.baseline.events_a_day(index, date)
        return Case(
            onset=recents.onset(recent, date, index, today.spread[:, index]),
            last=date,
            window=SPANS[at],
            observed=float(today.seen[at, index]),
            expected=float(today.due[at, index]),
            dispersion=float(today.spread[at, index]),
            events_observed=float(recent.events[days, index].sum()),
            events_expected=float(events * recent.shape[days, index].sum()),
            factor=float(mean.sum() / max(alone.sum(), 1e-9)),
            peers=int(today.alike[today.peers[index]]) - 1,
            quiet_from=_quiet_from(state, index, at),
        )

    def save(self, state: DropState) -> Arrays:
        """Every array, under names with a prefix."""
        names = ("baseline", "recent", "doubt", "calibration")
        parts: dict[str, Any] = {name: getattr(state, name) for name in names}
        arrays = {f"{name}.{column}": found for name, part in parts.items() for column, found in part.arrays().items()}
        moment = np.array([state.month, state.date])
        return arrays | {"keys": state.keys, "rates": state.rates, "moment": moment}

    def load(self, arrays: Arrays) -> DropState:
        """What `save` gave."""
        return DropState(
            keys=arrays["keys"],
            baseline=Baseline(**part_of(arrays, "baseline.")),
            recent=Recent(**part_of(arrays, "recent.")),
            doubt=Doubt(**part_of(arrays, "doubt.")),
            calibration=Calibration.restored(part_of(arrays, "calibration.")),
            rates=arrays["rates"],
            month=int(arrays["moment"][0]),
            date=int(arrays["moment"][1]),
        )

    def thresholds(self, state: DropState) -> Floats:
        """By stratum, the strength at which an account crosses of which one key is judged."""
        return calibration.thresholds(state.rates, self.budget / 10**state.margin)

    def _calibrate(self, state: DropState, day: Day) -> None:
        """New rates on the first day of each month, from what was known by then."""
        month, state.margin = calibration.month_of(day.date), day.margin
        if month != state.month:
            state.rates = calibration.rates(state.calibration if self.calibrates else Calibration(), self.usual)
            state.month = month


def _judge(state: DropState, date: int, judged: Bools, today: Today) -> Verdicts:
    """How rare it is here, and whether that crosses."""
    stratum, rarest = calibration.stratum_of(today.due[0]), today.tails.max(0)
    shown = judged & (today.seen[0] < _CURRENT * today.due[0]) & (rarest >= _VISIBLE)
    strength = np.where(shown, _strength(rarest, today.tails[-1], state.recent.cusum), 0)
    _note(state, date, strength, np.where(judged, stratum, -1))
    state.date, state.today = date, today
    score = np.where(shown, calibration.rarity(state.rates[None], stratum, strength[None])[0], 0)
    at = today.tails.argmax(0), np.arange(len(state.keys))
    ratio = today.seen[at] / np.maximum(today.due[at], 1e-9)
    return Verdicts(state.keys, judged, shown & (score >= today.limit), score, today.limit, ratio)


def _strength(rarest: Floats, longest: Floats, cusum: Floats) -> Floats:
    """Scan and CUSUMs in one; of the CUSUMs the roots, for theirs is a long memory."""
    found: Floats = (rarest + longest) / 2 + np.sqrt(cusum).sum(0)
    return found


def _siblings(keys: Ints, judged: Bools) -> Floats:
    """How many keys of its account are judged, by key; at least 1."""
    account = np.cumsum(np.diff(keys >> 32, prepend=keys[:1] >> 32) != 0)
    found: Floats = np.maximum(np.bincount(account, judged)[account] if len(keys) else np.empty(0), 1.0)
    return found


def _grow(state: DropState, keys: Ints) -> None:
    """Makes room for the keys that are new."""
    if len(keys) == len(state.keys):
        return
    places = np.searchsorted(keys, state.keys)
    fresh = np.ones(len(keys), np.bool_)
    fresh[places] = False
    state.recent = state.recent.grown(places, len(keys))
    state.recent.stratum[:, fresh] = -1
    state.baseline, state.keys = state.baseline.grown(places, len(keys)), keys


def _look_back(state: DropState, date: int) -> Past:
    """Counts what the days before `date` have shown to be nothing."""
    recent, begin = state.recent, date - calibration.HINDSIGHT
    days, then = (date - 1 - np.arange(calibration.SEEN)) % RING, begin % RING
    clean = recent.users[days].sum(0) >= calibration.CLEAN * recent.level[then] * recent.shape[days].sum(0)
    settled = state.baseline.age(begin) >= calibration.SETTLED
    settled[newcomers.young_at(state.baseline.start, begin)] = False
    stratum_then = np.where(settled, recent.stratum[then], -1)
    calibration.judge(state.calibration, date, state.keys, clean, stratum_then, recent.fallen)
    return Past(clean, stratum_then >= 0)


def _note(state: DropState, date: int, strength: Floats, stratum: Ints) -> None:
    """Notes what is new today. Stratum -1: not judged."""
    recent = state.recent
    recent.stratum[date % RING] = stratum
    calibration.note(state.calibration, date, state.keys, stratum, strength, recent.peak)
    calibration.decay_peak(recent.peak, recent.peak_age, strength)


def _quiet_from(state: DropState, index: int, at: int) -> float:
    """The fewest users in that span that would not have crossed."""
    today = state.today
    due, seen = today.due[at, index], today.seen[at, index]
    counts = np.arange(int(due) + 2, dtype=float)
    tails = recents.scan(counts, np.full(len(counts), due), np.full(len(counts), today.spread[at, index]))
    stratum = np.full(len(counts), calibration.stratum_of(today.due[:1, index])[0])
    longest = tails if at == len(SPANS) - 1 else np.full(len(counts), today.tails[-1, index])
    strength = _strength(tails, longest, state.recent.cusum[:, index : index + 1])
    rare = calibration.rarity(state.rates[None], stratum, strength[None])[0] >= today.limit[index]
    quiet = ~rare | (tails < _VISIBLE)
    scanned = float(np.argmax(quiet)) if quiet.any() else 0.0
    # Where the CUSUMs alone would have spoken, a last week near to the expected would have kept it quiet.
    missing = max(_CURRENT * today.due[0, index] - today.seen[0, index], 1)
    return scanned if scanned > seen else float(np.ceil(seen + missing))

"""An account does less than before, and less than its peers: a scan over 7 to 42 days beside a CUSUM for a halving.

Distinct users a day are compared with the baseline (streams/baselines.py). The scan is the rarity of the users seen in
the last 7, 14, 28 and 42 days under a negative binomial; the CUSUM (Page 1954, in its negative-binomial form: Höhle and
Paul, "Count data regression charts", CSDA 2008) adds up a halving's log likelihood ratio. Each is turned into
how rare it is in this workspace's own history, the rarer one counts, and the threshold keeps the budget
(streams/calibration.py). Younger than 28 days, or with less than 3 users due in 42 days, a key is not judged.

>>> from streams.detectors.examples import days_of
>>> detector = BehaviorDropped(budget=0.5)
>>> state = detector.initial()
>>> for day in days_of([[6] * 70 + [1] * 10, [6] * 80]):
...     state, verdicts = detector.step(state, day)
>>> verdicts.crosses.tolist(), detector.case(state, 0).onset
([True, False], 70)
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from streams import baselines, calibration, recents
from streams.baselines import Baseline
from streams.calibration import Calibration
from streams.columns import Arrays
from streams.detectors.base import Bools, Case, Day, Floats, Ints, Verdicts
from streams.recents import RING, SPANS, Recent

_CURRENT = 0.85
_VISIBLE = -np.log10(0.025)  # what an alert observed lies below the 95 % interval it shows
_SCAN, _CUSUM, _BOTH = 0, 1, 2


@dataclass(frozen=True)
class Today:
    """What the last step saw: users seen and due by span and key, the dispersion of each, and their rarity."""

    seen: Floats
    due: Floats
    spread: Floats
    tails: Floats
    peers: Ints


_EMPTY = np.zeros((len(SPANS), 0))
_NOTHING = Today(_EMPTY, _EMPTY, _EMPTY, _EMPTY, np.empty(0, np.int64))


@dataclass
class DropState:
    """All there is to know: keys (sorted), their baselines and recent days, and the workspace's own thresholds."""

    keys: Ints
    baseline: Baseline
    recent: Recent
    calibrations: tuple[Calibration, ...] = field(default_factory=lambda: tuple(Calibration() for _ in range(3)))
    rates: Floats = field(default_factory=lambda: np.zeros((2, calibration.STRATA, calibration.BINS + 1)))
    thresholds: Floats = field(default_factory=lambda: np.zeros(calibration.STRATA))
    month: int = -1
    date: int = 0
    today: Today = _NOTHING


class BehaviorDropped:
    """Judges every key's last weeks against its baseline. `budget`: false alerts a year and account, all keys of it."""

    name = "behavior_dropped"
    version = "1"
    warm_up = 28
    thin = 3.0
    calibrates = True

    def __init__(self, budget: float = 0.5) -> None:
        self.budget = budget

    def initial(self) -> DropState:
        """Nothing known of anyone."""
        return DropState(np.empty(0, np.int64), Baseline.initial(0), Recent.initial(0))

    def step(self, state: DropState, day: Day) -> tuple[DropState, Verdicts]:
        """One day: expect, compare, judge, learn."""
        _grow(state, day.keys)
        recent, baseline = state.recent, state.baseline
        self._calibrate(state, day.date)
        baselines.begin(baseline, day)
        old = (baseline.age(day.date) >= self.warm_up) & day.known
        noise = recents.dispersions(recent)
        expected = baselines.expect(baseline, day, old & ~recent.alarmed, noise[0])
        recents.remember(recent, day, expected, baseline.start > 0)
        seen, due = recent.sums(recent.users, day.date), recent.sums(recent.mean, day.date)
        judged = old & (due[-1] >= self.thin)
        recents.add_up(recent, day, expected.mean, noise[0], judged)
        tails = recents.scan(seen, due, noise[1:])
        verdicts = self._judge(state, day.date, judged, Today(seen, due, noise[1:], tails, day.peers))
        recent.alarmed = verdicts.crosses | recents.surges(seen, due, noise)
        if day.covered:
            recents.disperse(recent, (day.users, expected.mean), (seen, due), noise, judged & ~recent.alarmed)
        baselines.learn(baseline, day, expected)
        return state, verdicts

    def case(self, state: DropState, index: int) -> Case:
        """The span that is rarest, what was seen and due in it, and since when."""
        recent, date, today = state.recent, state.date, state.today
        at = int(today.tails[:, index].argmax())
        days = (date - np.arange(SPANS[at])) % RING
        factor, mean = recent.factor[days, index], recent.mean[days, index]
        alone = mean / np.maximum(factor, 1e-9)
        events = state.baseline.a_events[index] / (state.baseline.b[index] + 0.5)
        like = (today.peers == today.peers[index]) & (state.baseline.age(date) >= self.warm_up)
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
            peers=int(like.sum()) - 1,
            quiet_from=_quiet_from(state, index, at),
        )

    def save(self, state: DropState) -> Arrays:
        """Every array, under names with a prefix."""
        parts: dict[str, Any] = {"baseline": state.baseline, "recent": state.recent}
        parts |= {f"calibration{i}": part for i, part in enumerate(state.calibrations)}
        arrays = {f"{name}.{column}": found for name, part in parts.items() for column, found in part.arrays().items()}
        moment = np.array([state.month, state.date])
        return arrays | {"keys": state.keys, "rates": state.rates, "thresholds": state.thresholds, "moment": moment}

    def load(self, arrays: Arrays) -> DropState:
        """What `save` gave."""

        def part(name: str) -> Arrays:
            return {n.removeprefix(name): found for n, found in arrays.items() if n.startswith(name)}

        return DropState(
            keys=arrays["keys"],
            baseline=Baseline(**part("baseline.")),
            recent=Recent(**part("recent.")),
            calibrations=tuple(Calibration.restored(part(f"calibration{i}.")) for i in range(3)),
            rates=arrays["rates"],
            thresholds=arrays["thresholds"],
            month=int(arrays["moment"][0]),
            date=int(arrays["moment"][1]),
        )

    def _calibrate(self, state: DropState, date: int) -> None:
        """New thresholds on the first day of each month, from what was known by then."""
        month = int(np.datetime64(date, "D").astype("datetime64[M]").astype(np.int64))
        if month != state.month:
            *parts, both = state.calibrations if self.calibrates else (Calibration(),) * 3
            state.rates = np.stack([calibration.rates(part) for part in parts])
            state.thresholds = calibration.thresholds(both, self.budget)
            state.month = month

    def _judge(self, state: DropState, date: int, judged: Bools, today: Today) -> Verdicts:
        """How rare scan and CUSUM are here, whether that crosses, and what of 28 days ago counts as nothing."""
        stratum = calibration.stratum_of(today.due[0])
        score = np.zeros((3, len(state.keys)))
        score[_SCAN], score[_CUSUM] = today.tails.max(0), state.recent.cusum / 2
        score[_BOTH] = calibration.rarity(state.rates, stratum, score[:_BOTH]).max(0)
        score[:, ~judged] = 0
        _hindsight(state, date, score, np.where(judged, stratum, -1))
        state.date, state.today = date, today
        limit = state.thresholds[stratum]
        shown = (today.seen[0] < _CURRENT * today.due[0]) & (today.tails.max(0) >= _VISIBLE)
        crosses = judged & shown & (score[_BOTH] >= limit)
        at = today.tails.argmax(0), np.arange(len(state.keys))
        ratio = today.seen[at] / np.maximum(today.due[at], 1e-9)
        return Verdicts(state.keys, judged, crosses, score[_BOTH], limit, ratio)


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


def _hindsight(state: DropState, date: int, score: Floats, stratum: Ints) -> None:
    """Counts what 28 days have shown to be nothing, and notes what is new today. Stratum -1: not judged."""
    recent, then = state.recent, (date - calibration.HINDSIGHT) % RING
    days = (date - np.arange(calibration.HINDSIGHT)) % RING
    clean = recent.users[days].sum(0) >= calibration.CLEAN * recent.level[then] * recent.shape[days].sum(0)
    stratum_then = recent.stratum[then].copy()
    recent.stratum[date % RING] = stratum
    for i, part in enumerate(state.calibrations):
        calibration.judge(part, date, state.keys, clean, stratum_then)
        calibration.note(part, date, state.keys, stratum, score[i], recent.peak[i])
        calibration.decay_peak(recent.peak[i], recent.peak_age[i], score[i])


def _quiet_from(state: DropState, index: int, at: int) -> float:
    """The fewest users in that span that would not have crossed."""
    today = state.today
    due, seen = today.due[at, index], today.seen[at, index]
    counts = np.arange(int(due) + 2, dtype=float)
    tails = recents.scan(counts, np.full(len(counts), due), np.full(len(counts), today.spread[at, index]))
    stratum = np.full(len(counts), calibration.stratum_of(today.due[:1, index])[0])
    rare = calibration.rarity(state.rates[:1], stratum, tails[None])[0] >= state.thresholds[stratum]
    scanned = float(np.argmin(rare)) if rare[0] else 0.0
    # Where only the CUSUM spoke, a last week near to the expected would have kept it quiet.
    missing = max(_CURRENT * today.due[0, index] - today.seen[0, index], 1)
    return scanned if scanned > seen else float(np.ceil(seen + missing))

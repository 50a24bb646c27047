"""Accounts as a whole: what is due of each, and how rare a score of theirs is where nothing was wrong.

For detectors that judge accounts rather than behaviors. Score in, rarity out: what is counted is how often accounts
reached a score anew that 42 days later turned out well (`streams.calibration`); a rarity is the logarithm (to 10) of
the days between two such scores of one account, and so is a budget.
"""

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from streams import baselines, calibration
from streams.baselines import Baseline, Expectation
from streams.calibration import BINS, CAUTIOUS, CLEAN, HINDSIGHT, SEEN, STRATA, Calibration, Prior
from streams.columns import Arrays, Columns, part_of
from streams.detectors.base import Bools, Case, Day, Floats, Ints, Singles
from streams.newcomers import KNOWN

_NOISE = 0.1  # an account's own, as its peers' factor weighs it
_FORGET = 0.5 ** (1 / 90)
_NONE: Ints = np.empty(0, np.int64)
_OTHERS = 4.0  # how many spans of its own the others' noise weighs


@dataclass
class Lately(Columns):
    """The last 42 days of each account (by date modulo 42), how noisy they are, and each score's latest heights."""

    users: Singles
    events: Singles
    shape: Floats
    level: Floats
    factor: Floats
    spread: Floats
    spread_of: Floats
    alarmed: Bools
    stratum: NDArray[np.int8]  # (scores, 42, accounts): plus one; 0: not judged
    peak: Floats  # (scores, accounts): the highest of the last 14 days
    peak_age: Ints

    @classmethod
    def initial(cls, scores: int) -> Self:
        """No account."""
        rings: dict[str, Any] = {name: np.zeros((HINDSIGHT, 0)) for name in ("shape", "level", "factor")}
        counts: dict[str, Any] = {name: np.zeros((HINDSIGHT, 0), np.float32) for name in ("users", "events")}
        return cls(
            spread=np.zeros(0),
            spread_of=np.zeros(0),
            alarmed=np.zeros(0, np.bool_),
            stratum=np.zeros((scores, HINDSIGHT, 0), np.int8),
            peak=np.zeros((scores, 0)),
            peak_age=np.zeros((scores, 0), np.int64),
            **rings,
            **counts,
        )


@dataclass
class Whole:
    """What was learned of accounts (`keys` of `*`); `rates` a year are those of `month`."""

    keys: Ints
    baseline: Baseline
    lately: Lately
    calibrations: tuple[Calibration, ...]
    rates: Floats
    month: int = -1
    prior: Prior = CAUTIOUS
    peers: Ints = field(default_factory=lambda: _NONE)
    alike: Ints = field(default_factory=lambda: _NONE)  # by group of peers: accounts that are old enough

    @classmethod
    def initial(cls, scores: int, prior: Prior = CAUTIOUS) -> Self:
        """No account, of which so many scores will be taken, of which `prior` is held."""
        parts, rates = tuple(Calibration() for _ in range(scores)), np.zeros((scores, STRATA, BINS + 1))
        return cls(_NONE, Baseline.initial(0), Lately.initial(scores), parts, rates, prior=prior)

    def arrays(self) -> Arrays:
        """Everything, for a checkpoint."""
        parts: dict[str, Any] = {"baseline": self.baseline, "lately": self.lately}
        parts |= {f"calibration{i}": one for i, one in enumerate(self.calibrations)}
        arrays = {f"{name}.{column}": found for name, part in parts.items() for column, found in part.arrays().items()}
        return arrays | {"keys": self.keys, "rates": self.rates, "month": np.array([self.month])}

    @classmethod
    def restored(cls, arrays: Arrays, prior: Prior = CAUTIOUS) -> Self:
        """What `arrays` gave."""
        scores = range(len(arrays["rates"]))
        return cls(
            arrays["keys"],
            Baseline(**part_of(arrays, "baseline.")),
            Lately(**part_of(arrays, "lately.")),
            tuple(Calibration.restored(part_of(arrays, f"calibration{i}.")) for i in scores),
            arrays["rates"],
            int(arrays["month"][0]),
            prior,
        )

    def grow(self, keys: Ints) -> None:
        """Makes room for the accounts that are new."""
        if len(keys) != len(self.keys):
            places = np.searchsorted(keys, self.keys)
            self.baseline = self.baseline.grown(places, len(keys))
            self.lately = self.lately.grown(places, len(keys))
            self.keys = keys

    def expect(self, day: Day) -> tuple[Expectation, Bools]:
        """What is due on a day of accounts as a whole, and which of them are old enough to be judged."""
        self.grow(day.keys)
        baselines.begin(self.baseline, day)
        known = self.baseline.age(day.date) >= KNOWN
        self.peers, self.alike = day.peers, np.bincount(day.peers[known], minlength=day.groups)
        old = (self.baseline.judged()[1] <= day.date) & day.known
        return baselines.expect(self.baseline, day, ~self.lately.alarmed, np.full(len(day.keys), _NOISE)), old

    def rare(self, day: Day, expected: Expectation, scores: Floats, strata: Ints, well: Bools) -> Floats:
        """(scores, accounts): how rare today's scores are; and learns the day, and what 42 days have shown.

        Args:
            day: The day, of accounts as a whole.
            expected: What was due on it.
            scores: (scores, accounts), 0 where nothing speaks for anything.
            strata: (scores, accounts), -1 where an account is not judged.
            well: (scores, accounts), whether what a score of 42 days ago spoke of has come to nothing.
        """
        month = calibration.month_of(day.date)
        if month != self.month:
            self.rates, self.month = np.stack([calibration.rates(one, self.prior) for one in self.calibrations]), month
        pairs = zip(self.rates, strata, scores, strict=True)
        found = np.concatenate([calibration.rarity(table[None], of, score[None]) for table, of, score in pairs])
        found[strata < 0] = 0
        self._look_back(day, expected, scores, strata, well)
        baselines.learn(self.baseline, day, expected)
        return found

    def case(self, date: int, index: int, onset: int, days: int, extra: dict[str, Any]) -> Case:
        """The numbers of one account's last days (28 at most), due being what was usual before them."""
        lately, ring, base = self.lately, (date - np.arange(days)) % HINDSIGHT, self.baseline
        shape, factor = lately.shape[ring, index], lately.factor[ring, index]
        seen, due = _sum(lately.users[ring, index]), lately.level[ring[-1], index] * shape.sum()
        alone = float((shape / np.maximum(factor, 1e-9)).sum())
        return Case(
            onset=onset,
            last=date,
            window=days,
            observed=float(seen),
            expected=float(due),
            dispersion=float(self._spread()[index]),
            events_observed=float(_sum(lately.events[ring, index])),
            events_expected=float(base.events_a_day(index, date) * shape.sum()),
            factor=float(shape.sum()) / max(alone, 1e-9),
            peers=int(self.alike[self.peers[index]]) - 1,
            quiet_from=float(seen) + 1,
            extra=extra,
        )

    def _look_back(self, day: Day, expected: Expectation, scores: Floats, strata: Ints, well: Bools) -> None:
        lately, now = self.lately, day.date % HINDSIGHT
        level_then, stratum_then = lately.level[now].copy(), lately.stratum[:, now].astype(np.int64) - 1
        lately.users[now], lately.events[now] = day.users, day.events
        lately.shape[now] = np.where(day.known, expected.shape, 0)
        lately.level[now], lately.factor[now], lately.stratum[:, now] = expected.level, expected.factor, strata + 1
        days = (day.date - np.arange(SEEN)) % HINDSIGHT
        seen, due = _sum(lately.users[days]), level_then * lately.shape[days].sum(0)
        clean = seen >= CLEAN * due
        for i, one in enumerate(self.calibrations):
            calibration.judge(one, day.date, day.keys, clean & well[i], stratum_then[i])
            calibration.note(one, day.date, day.keys, strata[i], scores[i], lately.peak[i])
            calibration.decay_peak(lately.peak[i], lately.peak_age[i], scores[i])
        calm = clean & (stratum_then[0] >= 0)
        squared = np.minimum((seen - due) ** 2, 9 * (due + self._spread() * due**2))
        keep = np.where(calm, _FORGET, 1.0)
        lately.spread = keep * lately.spread + np.where(calm, squared - due, 0)
        lately.spread_of = keep * lately.spread_of + np.where(calm, due**2, 0)

    def _spread(self) -> Floats:
        """How much noisier than Poisson 28 days are; thin accounts lean on all."""
        lately = self.lately
        shared = (lately.spread.sum() + 0.3) / (lately.spread_of.sum() + 1)
        lean = _OTHERS * SEEN * np.maximum(lately.spread_of / SEEN, 1.0)
        found: Floats = np.clip((lately.spread + lean * shared) / (lately.spread_of + lean), 0.005, 5.0)
        return found


def _sum(days: Singles) -> Floats:
    """Counts of several days, summed without loss."""
    found: Floats = days.sum(0, dtype=np.float64)
    return found


def limit(budget: float) -> float:
    """The rarity that keeps a budget, alerts a year and account.

    >>> round(limit(0.5), 2)
    2.86
    """
    return float(calibration.rarity_of(np.array(max(budget, 1e-12))))

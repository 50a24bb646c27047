"""What all kinds of findings on accounts spend of the one budget: the margin by which each of them has to be rarer.

Every kind finds its own threshold for its share of the budget (streams/calibration.py). Kinds see the same falls and
hold one another back, histories differ from what a calibration by strata assumes, and thresholds of months ago were
others: together they spend more, or less. So the rarest finding on an account, of whatever kind, is itself counted
where 42 days have shown that nothing was wrong, and each month the margin is set at which these keep the budget. Old
months are forgotten by a fifth a month; where little is known the margin is small, and never more than a factor of two.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from streams import calibration
from streams.calibration import SCORES, Calibration
from streams.columns import Arrays, Columns, part_of
from streams.detectors.base import OF_ACCOUNT, Floats, Ints, Verdicts
from streams.detectors.behavior_dropped import Past
from streams.whole import limit

_FINE = 1.75  # bins of the calibration are as many times finer for rarities
_RARITIES: Floats = SCORES / _FINE
_TOGETHER = 1.3  # what kinds together spend, as a rule, of a budget that each keeps
_USUAL: Floats = _TOGETHER * 365.25 * np.power(10.0, -_RARITIES)
_YEARS_OF_PRIOR = 100.0
_KEPT = 0.95  # the next month may be noisier than those before
_FORGET = 0.8  # a month
_MOST = 0.3  # log10


@dataclass
class Spenders(Columns):
    """Of each account the peak of its last 14 days, and the day up to which it does not count."""

    peak: Floats
    peak_age: Ints
    fallen: Ints

    @classmethod
    def initial(cls) -> "Spenders":
        """No account."""
        return cls(np.empty(0), np.empty(0, np.int64), np.empty(0, np.int64))


@dataclass
class Spending:
    """What was counted of accounts (`keys` of `*`, sorted), and the margin."""

    keys: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    of: Spenders = field(default_factory=Spenders.initial)
    counted: Calibration = field(default_factory=Calibration)
    month: int = -1
    margin: float = 0.0

    def begin(self, date: int, budget: float) -> float:
        """The margin of a day's month: new on the first day of each, from what was known by then."""
        month = calibration.month_of(date)
        if month != self.month:
            self.month, self.margin = month, margin(self.counted, budget)
            self.counted.counts *= _FORGET
            self.counted.years *= _FORGET
        return self.margin

    def take(self, date: int, keys: Ints, judged: Ints, past: Past, rarity: Floats) -> None:
        """Counts a day.

        Args:
            date: The day.
            keys: Accounts, sorted; what follows is by account.
            judged: 0 where it is judged, else -1.
            past: What has become of the day `HINDSIGHT` days ago.
            rarity: Its rarest finding, of whatever kind, as if that kind had all the budget.
        """
        if len(keys) != len(self.keys):
            self.of, self.keys = self.of.grown(np.searchsorted(keys, self.keys), len(keys)), keys
        score = np.maximum(rarity, 0) * _FINE
        calibration.judge(self.counted, date, keys, past.clean, np.where(past.counted, 0, -1), self.of.fallen)
        calibration.note(self.counted, date, keys, judged, score, self.of.peak)
        calibration.decay_peak(self.of.peak, self.of.peak_age, score)

    def arrays(self) -> Arrays:
        """Everything, for a checkpoint."""
        parts = {"of.": self.of.arrays(), "counted.": self.counted.arrays()}
        arrays = {prefix + name: found for prefix, part in parts.items() for name, found in part.items()}
        return arrays | {"keys": self.keys, "now": np.array([self.month, self.margin])}

    @classmethod
    def restored(cls, arrays: Arrays) -> "Spending":
        """What `arrays` gave."""
        month, now = arrays["now"].tolist()
        of, counted = Spenders(**part_of(arrays, "of.")), Calibration.restored(part_of(arrays, "counted."))
        return cls(arrays["keys"], of, counted, int(month), now)


def margin(counted: Calibration, budget: float) -> float:
    """How much rarer (log10) than the budget asks for findings must be, so that they keep it.

    >>> round(margin(Calibration(), 0.5), 2)
    0.14
    """
    reached, years = np.cumsum(counted.counts[0, ::-1])[::-1], counted.years[0]
    rate = (reached + _YEARS_OF_PRIOR * _USUAL) / (years + _YEARS_OF_PRIOR)
    keeps = rate <= _KEPT * budget
    keeps[-1] = True
    wanted = _RARITIES[int(keeps.argmax())] - limit(budget)
    return float(np.clip(wanted, -_MOST, _MOST))


def rarest(accounts: Ints, verdicts: Iterable[Verdicts], budget: float, margin: float) -> Floats:
    """By account (sorted keys of `*`), its rarest finding of any kind, each as if its kind had all the budget.

    `verdicts` are those of the detectors that share it; a finding is as rare as it lies above its own threshold.
    """
    found = np.zeros(len(accounts))
    whole = limit(budget)
    for one in verdicts:
        strong = np.flatnonzero(one.judged & (one.score > 0))
        at = np.searchsorted(accounts, one.keys[strong] & ~OF_ACCOUNT)
        np.maximum.at(found, at, one.score[strong] - one.threshold[strong] + margin + whole)
    return found

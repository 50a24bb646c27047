"""An account gives no sign of life for longer than its own cadence allows; by the clock, without a next event.

The days between two active days are counted as they weigh for the account (its week, holidays, what its peers do). Its
gaps have a mean and a variance, which lean on its peers' while they are few. The chance of one as long as the open one
is the tail of a gamma distribution where they are regular, and of a Lomax where they are bursty (exponential gaps, the
rate of which varies like a gamma: Lomax 1954). That is turned into a rarity among accounts where nothing was wrong
(streams/whole.py). Fewer than four gaps are too few to judge.

>>> from streams.detectors.examples import days_of
>>> detector = AccountSilent(budget=0.05)
>>> state, found = detector.initial(), []
>>> for day in days_of([([1] + [0] * 9) * 20 + [0] * 60, [1] * 260]):
...     state, verdicts = detector.step(state, day)
...     found.append(verdicts.crosses.tolist())
>>> [one for one, _ in found].index(True) - 190 > 25, any(other for _, other in found)
(True, False)
"""

from dataclasses import dataclass, field

import numpy as np
from scipy.special import gammaincc

from streams import calibration
from streams.columns import Arrays, Columns, part_of
from streams.detectors.base import Bools, Case, Day, Floats, Ints, Verdicts
from streams.whole import Whole, limit

_FORGET = 0.5 ** (1 / 30)  # half in thirty gaps
FEWEST = 4.0
_OTHERS = 4.0, 10.0  # gaps that the others' mean and variation weigh
_REGULAR = 0.2  # no account is more regular than that (squared coefficient of variation)


@dataclass(frozen=True)
class SilentDay(Day):
    """A day that also knows who was heard from without an event: a call, a ticket (places among `keys`)."""

    heard: Ints = field(default_factory=lambda: np.empty(0, np.int64))


@dataclass
class Gaps(Columns):
    """Each account's gaps between active days, by weight; `last` is the latest, plus one (0: none yet)."""

    last: Ints
    open: Floats
    count: Floats
    total: Floats
    squared: Floats

    @classmethod
    def initial(cls) -> "Gaps":
        """No account."""
        return cls(np.empty(0, np.int64), *(np.zeros(0) for _ in range(4)))

    @property
    def known(self) -> Floats:
        """How many there were of each, while they are few."""
        found: Floats = np.ceil(self.count)
        return found


@dataclass
class SilentState:
    """Accounts as a whole, and their gaps; `date` is the last day."""

    whole: Whole
    gaps: Gaps
    date: int = 0
    mean: Floats = field(default_factory=lambda: np.empty(0))  # each account's gap, by the last step


class AccountSilent:
    """Judges accounts on every day without a sign of them. `budget`: false alerts a year and account."""

    name = "account_silent"
    version = "2"
    thin = 3.0

    def __init__(self, budget: float = 0.05) -> None:
        self.limit = limit(budget)

    def initial(self) -> SilentState:
        """No account."""
        return SilentState(Whole.initial(1), Gaps.initial())

    def step(self, state: SilentState, day: Day) -> tuple[SilentState, Verdicts]:
        """One day: who gave a sign; and of the others, how long they have not."""
        whole = day.whole
        if len(whole.keys) != len(state.whole.keys):
            state.gaps = state.gaps.grown(np.searchsorted(whole.keys, state.whole.keys), len(whole.keys))
        expected, old = state.whole.expect(whole)
        gaps, active = state.gaps, whole.users > 0
        if isinstance(day, SilentDay):
            active |= np.isin(whole.keys, day.keys[day.heard])
        active &= whole.known
        gaps.open += np.where((gaps.last > 0) & whole.known, expected.shape, 0)
        _close(gaps, active, day.date)
        mean, score = judge(gaps, whole.peers, whole.groups)
        state.mean, state.date, judged = mean, day.date, old & (gaps.known >= FEWEST)
        strata = np.where(judged, calibration.stratum_of(7 / np.maximum(mean, 1e-9)), -1)
        silent = judged & ~active
        well = np.ones((1, len(mean)), np.bool_)
        rarity = state.whole.rare(whole, expected, np.where(silent, score, 0)[None], strata[None], well)[0]
        crosses = silent & (rarity >= self.limit)
        state.whole.lately.alarmed = crosses
        ratio = np.minimum(mean / np.maximum(gaps.open, 1e-9), 1)
        return state, Verdicts(whole.keys, judged, crosses, rarity, np.full(len(mean), self.limit), ratio)

    def case(self, state: SilentState, index: int) -> Case:
        """The days since the last sign, 28 at most."""
        gaps, date = state.gaps, state.date
        last, usual = int(gaps.last[index]), round(float(state.mean[index]), 1)
        extra = {"last_sign": last - 1, "silent_days": date + 1 - last, "usual_gap": usual}
        return state.whole.case(date, index, min(last, date), int(np.clip(date + 1 - last, 1, 28)), extra)

    def save(self, state: SilentState) -> Arrays:
        """Every array, under names with a prefix."""
        parts = {"whole.": state.whole.arrays(), "gaps.": state.gaps.arrays()}
        arrays = {prefix + name: found for prefix, part in parts.items() for name, found in part.items()}
        return arrays | {"date": np.array([state.date])}

    def load(self, arrays: Arrays) -> SilentState:
        """What `save` gave."""
        gaps = Gaps(**part_of(arrays, "gaps."))
        return SilentState(Whole.restored(part_of(arrays, "whole.")), gaps, int(arrays["date"][0]))


def _close(gaps: Gaps, active: Bools, date: int) -> None:
    """The gaps of those who gave a sign are over, and are learned."""
    over = active & (gaps.last > 0)
    length = gaps.open[over]
    for column, value in ((gaps.count, 1), (gaps.total, length), (gaps.squared, length**2)):
        column[over] = column[over] * _FORGET + value
    gaps.open[active], gaps.last[active] = 0, date + 1


def judge(gaps: Gaps, peers: Ints, groups: int) -> tuple[Floats, Floats]:
    """Each account's mean gap, and -log10 of the chance of one at least as long as the open one.

    What is prior knowledge comes from the group of peers, each account counting once.
    """
    known = gaps.count >= FEWEST
    own = gaps.total / np.maximum(gaps.count, 1e-9)
    usual = np.exp((np.bincount(peers, np.where(known, np.log(np.maximum(own, 0.1)), 0), groups) + 0.7) / (
        np.bincount(peers, known, groups) + 1
    ))[peers]  # fmt: skip
    mean = (gaps.total + _OTHERS[0] * usual) / (gaps.count + _OTHERS[0])
    variation = np.where(known, gaps.squared * gaps.count / np.maximum(gaps.total, 1e-9) ** 2 - 1, 0)
    typical = ((np.bincount(peers, np.clip(variation, 0, 4), groups) + 1) / (np.bincount(peers, known, groups) + 1))[
        peers
    ]
    leaning = (gaps.count * variation + _OTHERS[1] * typical) / (gaps.count + _OTHERS[1])
    return mean, _tail(gaps.open / np.maximum(mean, 1e-9), np.maximum(leaning, _REGULAR))


def _tail(length: Floats, variation: Floats) -> Floats:
    """-log10 of the chance of a gap that is at least so many mean gaps long."""
    found = np.zeros(len(length))
    regular = variation < 1
    form = 1 / variation[regular]
    found[regular] = -np.log10(np.maximum(gammaincc(form, form * length[regular]), 1e-30))
    bursty = variation[~regular]
    form = 2 * bursty / np.maximum(bursty - 1, 1e-3)
    found[~regular] = form * np.log1p(length[~regular] / (form - 1)) / np.log(10)
    return found

"""An account gives no sign of life for longer than its own cadence allows; by the clock, without a next event.

How long is long depends on two things: on the account's own gaps between active days (counted as days weigh for it: its
week, holidays, what its peers do), and on the calendar, for people fall ill and go on holiday for as many days
however often they came before. So a silence weighs its days times the root of how many usual gaps it is long. How rare
that is where nothing was wrong is counted among accounts with about as many people (streams/whole.py): of one with a
single user, two weeks say little; ten people do not all go away at once. Fewer than four gaps are too few to judge.

>>> from streams.detectors.examples import days_of
>>> detector = AccountSilent(budget=0.5)
>>> state, found = detector.initial(), []
>>> for day in days_of([([1] + [0] * 9) * 20 + [0] * 60, [1] * 260]):
...     state, verdicts = detector.step(state, day)
...     found.append(verdicts.crosses.tolist())
>>> [one for one, _ in found].index(True) - 190 > 15, any(other for _, other in found)
(True, False)
"""

from dataclasses import dataclass, field

import numpy as np

from streams import calibration, crowds
from streams.calibration import SCORES, STRATA, Prior
from streams.columns import Arrays, Columns, part_of
from streams.crowds import Crowds
from streams.detectors.base import Bools, Case, Day, Floats, Ints, Verdicts
from streams.whole import Whole, limit

_FORGET = 0.5 ** (1 / 30)  # half in thirty gaps
FEWEST = 4.0
_OTHERS = 4.0  # gaps that the others' mean weighs
_UNIT = 10.0  # days of silence, as long as a usual gap, that make a score of 1
_USUAL = Prior(300 * np.power(10.0, -SCORES), reach=0.2)
# The part of the budget for accounts with so many people (by stratum): the silence of a few says little, at any price.
_SHARES: Floats = np.array([0.1] * 4 + [0.2] + [1.0] * (STRATA - 5))


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

    @classmethod
    def initial(cls) -> "Gaps":
        """No account."""
        return cls(np.empty(0, np.int64), *(np.zeros(0) for _ in range(3)))

    @property
    def known(self) -> Floats:
        """How many there were of each, while they are few."""
        found: Floats = np.ceil(self.count)
        return found


@dataclass
class SilentState:
    """Accounts as a whole, their gaps, and their people; `date` is the last day."""

    whole: Whole
    gaps: Gaps
    crowds: Crowds
    date: int = 0
    mean: Floats = field(default_factory=lambda: np.empty(0))  # each account's gap, by the last step


class AccountSilent:
    """Judges accounts on every day without a sign of them. `budget`: false alerts a year and account."""

    name = "account_silent"
    version = "4"
    thin = 3.0

    def __init__(self, budget: float = 0.05) -> None:
        self.limits = np.array([limit(budget * share) for share in _SHARES])

    def initial(self) -> SilentState:
        """No account."""
        return SilentState(Whole.initial(1, _USUAL), Gaps.initial(), Crowds.initial())

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
        state.crowds.come(crowds.who_came(whole), day.date)
        state.mean, state.date, judged = _mean(gaps, whole.peers, whole.groups), day.date, old & (gaps.known >= FEWEST)
        silent, ratio = judged & ~active, gaps.open / np.maximum(state.mean, 1e-9)
        score = np.where(silent, (day.date + 1 - gaps.last) * np.sqrt(ratio) / _UNIT, 0)
        stratum = calibration.stratum_of(state.crowds.of(whole.keys))
        well = np.ones((1, len(score)), np.bool_)
        rarity = state.whole.rare(whole, expected, score[None], np.where(judged, stratum, -1)[None], well)[0]
        limits = self.limits[stratum] + min(day.margin, 0.0)  # it spends little: others overspend
        state.whole.lately.alarmed = crosses = silent & (rarity >= limits)
        return state, Verdicts(whole.keys, judged, crosses, rarity, limits, np.minimum(1 / np.maximum(ratio, 1e-9), 1))

    def case(self, state: SilentState, index: int) -> Case:
        """The days since the last sign, 28 at most."""
        gaps, date = state.gaps, state.date
        last, usual = int(gaps.last[index]), round(float(state.mean[index]), 1)
        extra = {"last_sign": last - 1, "silent_days": date + 1 - last, "usual_gap": usual}
        return state.whole.case(date, index, min(last, date), int(np.clip(date + 1 - last, 1, 28)), extra)

    def save(self, state: SilentState) -> Arrays:
        """Every array, under names with a prefix."""
        parts = {"whole.": state.whole.arrays(), "gaps.": state.gaps.arrays(), "crowds.": state.crowds.arrays()}
        arrays = {prefix + name: found for prefix, part in parts.items() for name, found in part.items()}
        return arrays | {"date": np.array([state.date])}

    def load(self, arrays: Arrays) -> SilentState:
        """What `save` gave."""
        whole = Whole.restored(part_of(arrays, "whole."), _USUAL)
        gaps, people = Gaps(**part_of(arrays, "gaps.")), Crowds(**part_of(arrays, "crowds."))
        return SilentState(whole, gaps, people, int(arrays["date"][0]))


def _close(gaps: Gaps, active: Bools, date: int) -> None:
    """The gaps of those who gave a sign are over, and are learned."""
    over = active & (gaps.last > 0)
    length = gaps.open[over]
    for column, value in ((gaps.count, 1), (gaps.total, length)):
        column[over] = column[over] * _FORGET + value
    gaps.open[active], gaps.last[active] = 0, date + 1


def _mean(gaps: Gaps, peers: Ints, groups: int) -> Floats:
    """Each account's mean gap; of few gaps it leans on the group of peers, of which each account counts once."""
    known = gaps.count >= FEWEST
    own = np.log(np.maximum(gaps.total / np.maximum(gaps.count, 1e-9), 0.1))
    usual = np.exp(
        (np.bincount(peers, np.where(known, own, 0), groups) + 0.7) / (np.bincount(peers, known, groups) + 1)
    )
    found: Floats = (gaps.total + _OTHERS * usual[peers]) / (gaps.count + _OTHERS)
    return found

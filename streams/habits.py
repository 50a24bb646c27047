"""People's habits: on which share of an account's days each one comes, and how likely it is that somebody is gone.

Days are counted as they weigh for the account (its week, holidays, what its peers do): a Sunday is hardly a day. With p
the share of such days on which a person comes, every day e without a visit adds -ln(1 - p e) to Λ, and

    odds(gone) = μ / (μ + p) · (e^{Λ/2} - 1),  μ = 1/365

half the evidence, because people stay away for longer than chance would have it (facts/detection.md, after the
BG/NBD model of Fader, Hardie and Lee 2005). What a person's absence says of the habit is learned once it is over.

>>> habits = Habits.initial(1)
>>> for day in range(44):
...     spend(habits, np.ones(1), np.array([day < 40]), day)
>>> habits.share.round(2).tolist(), chance_gone(habits).round(2).tolist()
([0.95], [0.22])
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from streams.columns import Columns
from streams.detectors.base import Bools, Floats, Ints

_FORGET = 0.5 ** (1 / 56)
_FADE = 56.0
_GONE_A_DAY = 1 / 365
_SURE = 0.9  # nobody comes more surely than that
_PRIOR = (0.2, 2.0)  # visits and days that everybody starts with
_SETTLED = (14, 3.0)  # days since the first visit, and visits after it, that make somebody established


@dataclass
class Habits(Columns):
    """What was learned of each person. Days are since 1970-01-01 plus one, 0: never."""

    first: Ints
    last: Ints
    visits: Floats  # after the first, forgotten by half in 56 days
    days: Floats  # that they were due on, forgotten likewise; up to the last visit
    waited: Floats  # days due since the last visit
    missed: Floats  # Λ

    @classmethod
    def initial(cls, size: int) -> Self:
        """Nothing known of `size` people."""
        flat = {name: np.zeros(size) for name in ("visits", "days", "waited", "missed")}
        return cls(first=np.zeros(size, np.int64), last=np.zeros(size, np.int64), **flat)

    @property
    def share(self) -> Floats:
        """The share of due days on which each comes, as of the last visit."""
        found: Floats = np.minimum((self.visits + _PRIOR[0]) / (self.days + _PRIOR[1]), 1.0)
        return found

    @property
    def established(self) -> Bools:
        """Who had come for two weeks when last seen, and more than now and then."""
        found: Bools = (self.last - self.first >= _SETTLED[0]) & (self.visits >= _SETTLED[1])
        return found

    def fade(self, date: int) -> Floats:
        """What weight each still has: half after 56 days away."""
        found: Floats = np.where(self.last > 0, 0.5 ** ((date + 1 - self.last) / _FADE), 0.0)
        return found


def spend(habits: Habits, due: Floats, came: Bools, date: int) -> None:
    """A day that weighs `due` for each person: some came, for the others it adds to what speaks for their leaving."""
    fresh = came & (habits.first == 0)
    habits.first[fresh] = habits.last[fresh] = date + 1
    chance = np.minimum(habits.share * due, _SURE)
    known = habits.first > 0
    habits.missed -= np.where(known, np.log1p(-chance), 0.0)
    habits.waited += np.where(known & (habits.first <= date), due, 0.0)
    back = np.flatnonzero(came & (habits.first <= date))
    keep = _FORGET ** (date + 1 - habits.last[back])
    habits.visits[back] = habits.visits[back] * keep + 1
    habits.days[back] = habits.days[back] * keep + habits.waited[back]
    habits.last[back] = date + 1
    habits.waited[came] = habits.missed[came] = 0


def odds_gone(habits: Habits) -> Floats:
    """The natural logarithm of the odds that each is gone for good."""
    half = np.minimum(habits.missed / 2, 500)
    with np.errstate(divide="ignore"):
        found: Floats = np.log(_GONE_A_DAY / (_GONE_A_DAY + habits.share)) + np.log(np.expm1(half))
    return found


def chance_gone(habits: Habits) -> Floats:
    """How likely it is that each is gone for good."""
    found: Floats = 1 / (1 + np.exp(-np.clip(odds_gone(habits), -500, 500)))
    return found

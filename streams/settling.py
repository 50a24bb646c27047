"""How people leave as an account grows older: the curve of a segment, by weeks of the account's age.

After set-up some go, as the engineer does who integrated it. What share of an account's people its segment's other
accounts lost at the same age is learned week by week, so that only more than that is a loss. Where nobody knows when an
account began, it counts as grown up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from streams.columns import Columns
from streams.detectors.base import Floats, Ints

GROWN = 26  # weeks from which on all ages are one
_LOOK_BACK = 8
_USUAL = 0.01  # of people a week, before anything is known
_PRIOR = 50.0  # people's weeks that what is usual weighs


@dataclass
class Settling(Columns):
    """(weeks, accounts): people that left in that week of an account's life, and how many people's weeks it had."""

    left: Floats
    lived: Floats

    @classmethod
    def initial(cls) -> Self:
        """No account."""
        return cls(np.zeros((GROWN + 1, 0)), np.zeros((GROWN + 1, 0)))

    def count(self, accounts: Ints, weeks: Ints, sign: int) -> None:
        """Somebody left each of those accounts in that week of its life; or (sign -1) has come back."""
        np.add.at(self.left, (weeks, accounts), sign)

    def live(self, people: Floats, weeks: Ints) -> None:
        """A day with so many people by account, which is so many weeks old."""
        self.lived[weeks, np.arange(len(weeks))] += people / 7

    def usual(self, weeks: Ints, peers: Ints, groups: int) -> Floats:
        """The share of people that other accounts of an account's group lost in the eight weeks up to its age.

        What happens at any age is no settling: only what is more than that counts.
        """
        always = (self.left[GROWN].sum() + _USUAL * _PRIOR) / (self.lived[GROWN].sum() + _PRIOR)
        found = np.zeros(len(weeks))
        sums = [self._by_group(column, peers, groups) for column in (self.left, self.lived)]
        for back in range(_LOOK_BACK):
            week = weeks - back
            young = np.flatnonzero((weeks < GROWN) & (week >= 0))
            if len(young):
                rate = self._rate((week[young], young), (week[young], peers[young]), sums, always)
                found[young] += np.maximum(rate - always, 0)
        share: Floats = -np.expm1(-found)
        return share

    def _rate(self, own: tuple[Ints, Ints], group: tuple[Ints, Ints], sums: Sequence[Floats], always: float) -> Floats:
        """What the others lost in a week, by accounts whose `own` place, and whose `group`'s in `sums`, are given."""
        left, lived = (of[group] for of in sums)
        rate: Floats = (left - self.left[own] + _PRIOR * always) / (lived - self.lived[own] + _PRIOR)
        return rate

    @staticmethod
    def _by_group(column: Floats, peers: Ints, groups: int) -> Floats:
        """(weeks, groups): a column's sums."""
        return np.stack([np.bincount(peers, of_week, groups) for of_week in column])

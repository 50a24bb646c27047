"""What other accounts did beside a finding, counted from their days alone: so many user-days, where so many were usual.

Usual is the mean of the same days of the week in the eight weeks before: who reads it can count it again. What a
finding's expectation took from the peers, day by day, is its `segment_factor`.
"""

from typing import NamedTuple

import numpy as np

from streams.detectors.base import Bools, Floats
from streams.evaluating.activity import Activity

WEEKS = 8
_THERE = 28  # days at the beginning of the eight weeks within which whoever is compared was seen
_KNOWN = 7  # and anybody at all: what nobody watched is no usual week


class Span(NamedTuple):
    """The days `first` to `last` of a finding, and the day `before` which the eight weeks lie."""

    first: int
    last: int
    before: int


class Peers(NamedTuple):
    """How many accounts are compared, their user-days in the span, and what was usual for them."""

    accounts: int
    seen: int
    usual: float

    @property
    def change(self) -> float:
        """Seen over usual; 1 where nothing was."""
        return self.seen / self.usual if self.usual else 1.0


def compared(activity: Activity, mine: Bools, behavior: int, span: Span, but: int = 0) -> Peers:
    """What accounts did of a behavior in a span.

    Args:
        activity: What everyone did.
        mine: By account number, whether it is one of them.
        behavior: Its number.
        span: The days.
        but: The number of the account that they are compared with, which is left out.

    >>> from streams.evaluating.activity import gather, pack
    >>> day = np.repeat(np.arange(70), 2)
    >>> two = gather(day, day, pack(np.tile([1, 2], 70), 0), day, np.arange(140), np.ones(140, np.int64))
    >>> compared(two, np.array([False, True, True]), 0, Span(63, 69, 63), but=2)
    Peers(accounts=1, seen=7, usual=7.0)
    """
    seen, usual = each(activity, mine, behavior, span, but)
    return Peers(len(seen), int(seen.sum()), round(float(usual.sum()), 1))


def each(activity: Activity, mine: Bools, behavior: int, span: Span, but: int = 0) -> tuple[Floats, Floats]:
    """The same for each account that was there when the eight weeks began: its user-days, and what was usual.

    Of none where nobody at all was seen yet when they began.
    """
    begin = span.before - 7 * WEEKS
    watched = activity.day[np.searchsorted(activity.day, begin) :][:1] < begin + _KNOWN
    accounts, day, users = activity.of_accounts(mine, behavior)
    rows = slice(*np.searchsorted(day, [begin, span.last + 1]).tolist())
    accounts, day, users = accounts[rows], day[rows], users[rows]
    times = np.bincount(np.arange(span.first, span.last + 1) % 7, minlength=7) / WEEKS
    past, now = day < span.before, day >= span.first
    there = (np.bincount(accounts[day < begin + _THERE], minlength=len(mine)) > 0) & watched.any()
    there[but] = False
    usual: Floats = np.bincount(accounts[past], users[past] * times[day[past] % 7], len(mine)).astype(np.float64)
    seen: Floats = np.bincount(accounts[now], users[now], len(mine)).astype(np.float64)
    return seen[there], usual[there]

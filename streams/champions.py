"""Who carries an account: the person named its champion, else the one who clearly does most of it."""

import numpy as np

from streams.detectors.base import Bools, Floats, Ints

_SHARE = 0.4  # of the account's use
_TIMES = 1.5  # as much as the next


def champions_of(of: Ints, weight: Floats, base: Floats, named: Bools) -> Ints:
    """The place of each account's champion among people; -1 where nobody is.

    Args:
        of: Each person's account, 0 … accounts - 1.
        weight: What each does of it.
        base: What all people of each account do.
        named: Whose role is champion.

    >>> of, weight = np.array([0, 0, 0, 1, 1]), np.array([3.0, 1.0, 1.0, 1.0, 1.0])
    >>> champions_of(of, weight, np.array([5.0, 2.0]), np.zeros(5, bool)).tolist()
    [0, -1]
    >>> champions_of(of, weight, np.array([5.0, 2.0]), np.arange(5) == 4).tolist()
    [0, 4]
    """
    first, top = _leader(of, weight, len(base))
    rest = weight.copy()
    rest[first[first >= 0]] = 0
    _, second = _leader(of, rest, len(base))
    leads = (second > 0) & (top >= _SHARE * base) & (top >= _TIMES * second)
    chosen, _ = _leader(of, np.where(named, weight, 0), len(base))
    found: Ints = np.where(chosen >= 0, chosen, np.where(leads, first, -1))
    return found


def _leader(of: Ints, weight: Floats, accounts: int) -> tuple[Ints, Floats]:
    """Who has most weight in each account (-1: nobody has any), and how much."""
    top = np.zeros(accounts)
    np.maximum.at(top, of, weight)
    found = np.full(accounts, -1)
    best = np.flatnonzero((weight > 0) & (weight == top[of]))[::-1]
    found[of[best]] = best
    return found, top

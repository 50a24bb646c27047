"""The market's usual rule: the last days against as many before, down by more than some percentage."""

from functools import partial

import numpy as np

from benchmarks.detection.activity import Activity
from benchmarks.detection.peers.rule import NEVER, Floats, Rule, lagged, lived, trailing

SHIPPED = 0.5
_SHARES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)


def fall(activity: Activity, days: int) -> Floats:
    """How far the last days fell below those before, as a share; never, without anything before."""
    now = trailing(activity.users, days)
    before = lagged(now, days)
    share = np.where(before > 0, 1 - now / np.maximum(before, 1), NEVER)
    return np.where(lived(activity, 2 * days), share, NEVER)


def volume(activity: Activity, days: int, left: float) -> Floats:
    """Tuned: falls to at most `left` of before count, from a volume on, which the threshold sets."""
    before = lagged(trailing(activity.users, days), days)
    return np.where(fall(activity, days) >= 1 - left, before, NEVER)


WEEK = Rule("week over week", partial(volume, days=7), [{"left": left} for left in _SHARES])
FOUR_WEEKS = Rule("28 days over 28", partial(volume, days=28), [{"left": left} for left in _SHARES])

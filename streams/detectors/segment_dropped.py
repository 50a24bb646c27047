"""A whole segment, or everyone, does less than before: the account detector's scan and CUSUM on a segment's sums.

A key is a segment; its users are the user-days of its accounts. Segments are each other's peers, so that a fall of all
of them is `everyone`'s alone (a key without peers). Who runs it asks `broad` too: one big account is no segment.

>>> from streams.detectors.examples import days_of
>>> detector = SegmentDropped(budget=0.5)
>>> state = detector.initial()
>>> for day in days_of([[90] * 100 + [40] * 7, [90] * 107]):
...     state, verdicts = detector.step(state, day)
>>> verdicts.crosses.tolist()
[True, False]
"""

import numpy as np

from streams import calibration
from streams.calibration import Prior
from streams.detectors.base import Bools, Ints
from streams.detectors.behavior_dropped import BehaviorDropped, DropState
from streams.recents import RING

_SPAN = 14
_BELOW = 0.85
_SHARE = 0.6
_FEWEST = 5


class SegmentDropped(BehaviorDropped):
    """Judges segments, each as one. `budget`: false alerts a year and segment."""

    name = "segment_dropped"
    version = "4"
    warm_up = 57
    thin = 60.0
    # Segments are few, and their real falls are short: hindsight would call them nothing. The prior is cautious enough.
    calibrates = False
    usual = Prior(10 * np.power(10.0, -0.29 * calibration.SCORES))


def below_alone(accounts: DropState) -> Bools:
    """The accounts that did clearly less in 14 days than they do by themselves, their peers left aside."""
    recent = accounts.recent
    days = (accounts.date - np.arange(_SPAN)) % RING
    alone = (recent.mean[days] / np.maximum(recent.factor[days], 1e-9)).sum(0)
    found: Bools = recent.users[days].sum(0) < _BELOW * alone
    return found


def broad(below: Bools, judged: Bools, segment: Ints, segments: int) -> tuple[Ints, Ints, Bools]:
    """By segment: how many accounts are judged, how many of them are below, and whether that is the segment's fall.

    Args:
        below: What `below_alone` gave, by account.
        judged: Accounts that can be judged.
        segment: Each account's segment, 0 … segments - 1.
        segments: How many segments there are.
    """
    members = np.bincount(segment[judged], minlength=segments)
    fallen = np.bincount(segment[judged & below], minlength=segments)
    return members, fallen, (members >= _FEWEST) & (fallen >= _SHARE * members)

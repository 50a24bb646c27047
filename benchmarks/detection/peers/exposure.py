"""How busy a day is by the weekday and by what the segment does: what a count is held against."""

import numpy as np

from benchmarks.detection.activity import Activity
from benchmarks.detection.peers.rule import Floats, lagged, trailing

KEEP = 0.5 ** (1 / 14)
SHRINK = 6.0  # user-days of even weeks, for each weekday
STEADY = 20.0  # user-days of a segment that did as expected: daily factors are noisy, and small segments' more so
LAG = 7
PRIOR = 150.0  # expected user-days for which everyone's dispersion stands in for an account's own
SPAN = 7
MOST = 400.0  # times its expectation, so much may one week's squared deviation count


def exposure(activity: Activity) -> Floats:
    """By account and day, one being the account's ordinary day; learned causally, from a week before and earlier."""
    weekday = _weekdays(activity)
    expected = _level(activity.users.astype(np.float64), weekday) * weekday
    return weekday * _segment_factor(activity, expected)


def dispersion(activity: Activity, busy: Floats) -> Floats:
    """How much an account's weeks vary beyond Poisson's, at least one; known causally, shrunk to everyone's."""
    expected = trailing(_level(activity.users.astype(np.float64), busy) * busy, SPAN)
    squared = np.minimum((trailing(activity.users, SPAN) - expected) ** 2, MOST * expected)
    above, below = (np.cumsum(lagged(values, LAG), axis=1) for values in (squared, expected))
    everyone = (above.sum(axis=0) + 1) / (below.sum(axis=0) + 1)
    return np.maximum((above + PRIOR * everyone) / (below + PRIOR), 1.0)


def _weekdays(activity: Activity) -> Floats:
    """The segment's weekday profile so far, shrunk to even days."""
    by_segment = np.zeros((int(activity.segment.max()) + 1, activity.days))
    np.add.at(by_segment, activity.segment, activity.users)
    profile = np.ones(by_segment.shape)
    sums = np.full((len(by_segment), 7), SHRINK)
    for day in range(activity.days):
        profile[:, day] = 7 * sums[:, day % 7] / sums.sum(axis=1)
        sums[:, day % 7] += by_segment[:, day]
    return profile[activity.segment]


def _level(values: Floats, weight: Floats) -> Floats:
    """A discounted mean of a week before and earlier, weighted."""
    above, below = np.zeros(len(values)), np.full(len(values), 0.5)
    level = np.zeros(values.shape)
    past, worth = lagged(values * weight, LAG), lagged(weight, LAG)
    for day in range(values.shape[1]):
        above, below = KEEP * above + past[:, day], KEEP * below + worth[:, day]
        level[:, day] = above / below
    return level


def _segment_factor(activity: Activity, expected: Floats) -> Floats:
    """What the account's segment did that day against what was expected of it, without the account itself."""
    weight = 1 / (1 + 0.3 * expected)
    seen, hoped = (_others(activity, weight * values) for values in (activity.users, expected))
    return (seen + STEADY) / (hoped + STEADY)


def _others(activity: Activity, values: Floats) -> Floats:
    total = np.zeros((int(activity.segment.max()) + 1, activity.days))
    np.add.at(total, activity.segment, values)
    return total[activity.segment] - values

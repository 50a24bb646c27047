"""One alert machine for every rule: the benchmark compares what rules see, not how they nag."""

import numpy as np
from numpy.typing import NDArray

from benchmarks.detection.scoring import Alert

BELOW = 7
SINCE = 14


def run(score: NDArray[np.floating], threshold: float) -> list[Alert]:
    """Opens at the first crossing; re-arms after 7 days below and 14 since opening. Score is by account and day.

    >>> run(np.array([[0, 5, 5] + [0] * 14 + [5]]), 3)
    [(0, 1), (0, 17)]
    """
    opened = np.full(len(score), -SINCE)
    above = np.full(len(score), -BELOW)
    armed = np.ones(len(score), dtype=bool)
    alerts: list[Alert] = []
    for day, crossed in enumerate((score > threshold).T):
        armed |= (day - above > BELOW) & (day - opened >= SINCE)
        fires = crossed & armed
        alerts += [(int(account), day) for account in np.flatnonzero(fires)]
        opened[fires] = above[crossed] = day
        armed[fires] = False
    return alerts

"""An EWMA chart on user-days: a quick average against a slow one, in standard deviations (Roberts 1959)."""

import numpy as np

from benchmarks.detection.activity import Activity
from benchmarks.detection.peers.rule import NEVER, Floats, Rule, lived, trailing

LEAST = 0.02  # users a day below which a standard deviation means nothing
LAG = 14
WARMUP = 28


def deviation(activity: Activity, weight: float, slow: float) -> Floats:
    """By how many standard deviations the quick average lies below the slow one of two weeks before.

    Days are smoothed over a week first, so that weekends alarm nobody; variance is the slow average of squared
    differences, at least Poisson's.
    """
    week = trailing(activity.users, 7) / 7
    mean = week[:, :LAG].mean(axis=1)
    variance = np.maximum(mean, LEAST)
    quick = mean.copy()
    score = np.full(week.shape, NEVER)
    for day in range(LAG, activity.days):
        quick += weight * (week[:, day] - quick)
        score[:, day] = (mean - quick) / np.sqrt(
            np.maximum(variance, np.maximum(mean, LEAST) / 7) * weight / (2 - weight)
        )
        past = week[:, day - LAG]
        variance += slow * ((past - mean) ** 2 - variance)
        mean = mean + slow * (past - mean)
    return np.where(lived(activity, WARMUP), score, NEVER)


EWMA = Rule("EWMA", deviation, [{"weight": w, "slow": s} for w in (0.06, 0.12, 0.25, 0.5) for s in (1 / 28, 1 / 56)])

"""Bayesian online changepoint detection (Adams & MacKay 2007, arXiv:0710.3742) with a gamma-Poisson predictive.

Every run length keeps a gamma posterior of the account's daily rate against the day's exposure; its predictive is
negative binomial. Counts are clumped beyond that, so likelihoods are tempered by the account's own dispersion.
"""

import numpy as np
from scipy.special import gammaln, logsumexp

from benchmarks.detection.activity import Activity
from benchmarks.detection.peers.exposure import dispersion, exposure
from benchmarks.detection.peers.rule import NEVER, Floats, Rule, lived

RUNS = 90  # the last one stands for every longer run
YOUNG = 7  # runs shorter than that say nothing yet
PRIOR = 1.0
WARMUP = 28
FORGET = 0.5 ** (1 / 150)


def odds(activity: Activity, hazard: float, temper: float, left: float) -> Floats:
    """Log odds that the run's rate lies below `left` of the rate before it, against that nothing fell."""
    busy = np.maximum(exposure(activity), 0.02)
    weight = np.minimum(temper / dispersion(activity, busy), 1.0)
    score = np.full(activity.users.shape, NEVER)
    state = _State(len(activity.accounts), hazard, left)
    for day in range(activity.days):
        score[:, day] = state.step(activity.users[:, day], busy[:, day], weight[:, day])
    return np.where(lived(activity, WARMUP), score, NEVER)


class _State:
    """Gamma posteriors and log probabilities by account and run length, and the rate before each run."""

    def __init__(self, accounts: int, hazard: float, left: float) -> None:
        self.hazard, self.left = hazard, left
        self.log_p = np.full((accounts, RUNS), NEVER)
        self.log_p[:, -1] = 0.0
        self.shape = np.zeros((accounts, RUNS))
        self.scale = np.zeros((accounts, RUNS))
        self.before = np.full((accounts, RUNS), 0.3)

    def step(self, y: Floats, busy: Floats, weight: Floats) -> Floats:
        """One day on: weighs the runs by what came, lets each end or grow, and says how sure a fall is."""
        usual = self._rate()[:, -1]
        grown = self.log_p + weight[:, None] * self._log_predictive(y, busy)
        ended = logsumexp(grown, axis=1) + np.log(self.hazard)
        self.shape = FORGET * self.shape + (weight * y)[:, None]
        self.scale = FORGET * self.scale + (weight * busy)[:, None]
        self._shift(grown + np.log1p(-self.hazard), ended, usual)
        self.log_p -= logsumexp(self.log_p, axis=1, keepdims=True)
        return self._odds()

    def _rate(self) -> Floats:
        return (self.shape + PRIOR) / (self.scale + PRIOR / self.before)

    def _log_predictive(self, y: Floats, busy: Floats) -> Floats:
        """Log NB(y; a, b / (b + busy)): a Poisson count whose rate is gamma(a, b)."""
        a, b, busy = self.shape + PRIOR, self.scale + PRIOR / self.before, busy[:, None]
        log_p = -a * np.log1p(busy / b)
        some = y > 0
        n, a = y[some, None], a[some]
        log_p[some] += gammaln(n + a) - gammaln(a) - gammaln(n + 1) - n * np.log1p(b[some] / busy[some])
        return log_p

    def _shift(self, grown: Floats, ended: Floats, usual: Floats) -> None:
        """Run r becomes r + 1; the longest takes in the one that reaches it."""
        last = np.logaddexp(grown[:, -1], grown[:, -2])
        share = np.exp(grown[:, -2] - last)
        for kept, fresh in ((self.shape, 0.0), (self.scale, 0.0), (self.before, np.maximum(usual, 0.01))):
            merged = share * kept[:, -2] + (1 - share) * kept[:, -1]
            kept[:, 1:-1] = kept[:, :-2].copy()
            kept[:, -1], kept[:, 0] = merged, fresh
        self.log_p = np.column_stack((ended, grown[:, :-2], last))

    def _odds(self) -> Floats:
        fell = self._rate() < self.left * self.before
        fell[:, -1] = False
        told = self.log_p[:, YOUNG:], fell[:, YOUNG:]
        falls, others = (logsumexp(np.where(chosen, told[0], NEVER), axis=1) for chosen in (told[1], ~told[1]))
        return falls - others


BOCPD = Rule("BOCPD", odds, [{"hazard": 1 / 300, "temper": temper, "left": 0.65} for temper in (0.5, 0.7, 1.0)])

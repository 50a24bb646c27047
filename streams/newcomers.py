"""New keys: what their peers say of them while their own history is short, and how unsure that leaves us.

A key is judged from its 7th day on; until its 60th day it is young, if its beginning was seen. Its level is then the
mean of a gamma posterior (empirical Bayes: Robbins 1956; for counts Clayton and Kaldor, Biometrics 1987): the prior has
mean and strength of its settled peers' levels, its own days add to it. What the peers did at that age against such
levels is the segment's curve, which the expectation follows: onboarding settles. How far young keys miss beyond what
counts and posterior explain is learned for everyone, by age, and widens what is expected of each.

Where nobody saw how a key began, it is not young; and nobody is judged before 28 days are known, for a week has to
be known before one can see that a Sunday is no drop.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from schemas.coverage import FROM, NEVER
from streams.columns import Arrays
from streams.detectors.base import Bools, Floats, Ints, Singles

KNOWN = 28  # days after which a key is a peer to others, and a workspace knows its week
GROWN = 60  # days after which its own level is all it needs
SEEN = 14  # days after the first key of all from which on a beginning was seen
BANDS = (FROM - 1, 14, 28)  # ages in days from which each stretch of the curve holds
_LEAN = 5.0  # peers' worth that everyone weighs beside a group
_FEW = 0.05, 0.5  # what a level is before anyone is known, and how many keys that weighs
_STRENGTH = (0.1, 10.0)
_CURVE = 40.0  # weighed user-days that everyone's curve weighs beside a group's, and no curve beside everyone's
_DOUBT = 0.03, 2000.0  # the squared error of young levels before any is known, and its weight


@dataclass(frozen=True)
class Young:
    """The young keys of a day, by their places `at`: stretch of age, the curve there, and how unsure the level is.

    `doubt` is the posterior's squared coefficient of variation, `calm` says who may teach the curve.
    """

    at: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    band: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    curve: Floats = field(default_factory=lambda: np.empty(0))
    doubt: Floats = field(default_factory=lambda: np.empty(0))
    calm: Bools = field(default_factory=lambda: np.empty(0, np.bool_))


def judged_from(start: Ints, needed: int = FROM) -> Ints:
    """The day from which each key is judged, its `needed`th at first; `start` is its first one, plus one (0: none yet).

    >>> judged_from(np.array([1, 0, 51])).tolist() == [28, NEVER, 56]
    True
    """
    first = int(start.min(initial=NEVER, where=start > 0)) - 1
    return np.where(start > 0, np.maximum(start + needed - 2, first + KNOWN), NEVER)


def young_at(start: Ints, date: int) -> Ints:
    """The places of the keys that are young on a day, or come of age on it: those whose beginning was seen.

    >>> young_at(np.array([1, 0, 51, 90]), 100).tolist()
    [2, 3]
    """
    seen = start > max(int(start.min(initial=NEVER, where=start > 0)) + SEEN, date - GROWN)
    return np.flatnonzero(seen & (start <= date - FROM + 2))


def band_of(age: Ints) -> Ints:
    """The stretch of the curve for ages in days.

    >>> band_of(np.array([6, 13, 14, 59])).tolist()
    [0, 0, 1, 2]
    """
    return np.searchsorted(BANDS, age, side="right") - 1


def lag_of(age: Ints, most: int) -> Ints:
    """How many of the last days are kept out of a young level: half of its days, `most` at most."""
    return np.minimum(age // 2, most)


def prior(level: Floats, settled: Bools, peers: Ints, groups: int) -> tuple[Floats, Floats]:
    """(groups,) each: mean and strength (a gamma's shape) of the settled peers' levels, leaning on everyone's.

    >>> mean, strength = prior(np.array([2.0, 4.0, 6.0]), np.ones(3, np.bool_), np.zeros(3, np.int64), 1)
    >>> mean.round(1).tolist(), (strength > 1).tolist()
    ([3.7], [True])
    """
    level, peers = level[settled], peers[settled]
    sums = [np.bincount(peers, values, groups) for values in (np.ones(len(level)), level, level**2)]
    n, mean, square = (float(values.sum()) for values in sums)
    mean, square = (mean + _FEW[0]) / (n + _FEW[1]), (square + _FEW[0]) / (n + _FEW[1])
    of = (sums[1] + _LEAN * mean) / (sums[0] + _LEAN)
    squares = (sums[2] + _LEAN * square) / (sums[0] + _LEAN)
    strength: Floats = np.clip(of**2 / np.maximum(squares - of**2, 1e-9), *_STRENGTH)
    return of, strength


def curve(seen: Singles, due: Singles, young: Ints, band: Ints, peers: Ints, groups: int) -> Floats:
    """What the others of its group did at a young key's age, against their levels; by young key.

    Args:
        seen: (bands, keys): users of each key while it was of that age, by weight.
        due: (bands, keys): what its level let expect, likewise.
        young: The places of the young keys.
        band: The stretch of each.
        peers: Every key's group.
        groups: How many there are.
    """
    taught = np.flatnonzero(due.any(0))
    of = peers[taught]
    found = np.ones(len(young))
    for i in range(len(BANDS)):
        mine = np.flatnonzero(band == i)
        if len(mine):
            own, group = young[mine], peers[young[mine]]
            sums = [np.bincount(of, column[i, taught], groups) for column in (seen, due)]
            everyone = (sums[0].sum() + _CURVE) / (sums[1].sum() + _CURVE)
            others = [values[group] - column[i, own] for values, column in zip(sums, (seen, due), strict=True)]
            found[mine] = (others[0] + _CURVE * everyone) / (others[1] + _CURVE)
    return found


def teach(seen: Singles, due: Singles, young: Young, users: Floats, mean: Floats) -> None:
    """A day of young keys, from users seen and `mean` of every key; a big one says no more than a few small ones."""
    at, band = young.at[young.calm], young.band[young.calm]
    level = mean[at] / young.curve[young.calm]
    weight = 1 / (1 + 0.2 * level)
    seen[band, at] += weight * users[at]
    due[band, at] += weight * level


@dataclass
class Doubt:
    """(bands, spans): the squared relative error of young levels beyond count and posterior, as sums by weight."""

    error: Floats
    weight: Floats

    @classmethod
    def initial(cls, spans: int) -> "Doubt":
        """No young key seen yet."""
        return cls(np.zeros((len(BANDS), spans)), np.zeros((len(BANDS), spans)))

    def arrays(self) -> Arrays:
        """Everything, for a checkpoint."""
        return {"error": self.error, "weight": self.weight}

    @property
    def found(self) -> NDArray[np.float64]:
        """(bands, spans): the error, leaning on what is usual."""
        return np.maximum((self.error + _DOUBT[0] * _DOUBT[1]) / (self.weight + _DOUBT[1]), 0)

    def widen(self, spread: Floats, young: Young) -> Floats:
        """(spans, keys): the dispersions, with what is unsure of young keys."""
        if not len(young.at):
            return spread
        wide = spread.copy()
        wide[:, young.at] += young.doubt + self.found[young.band].T
        return wide

    def learn(self, spread: Floats, young: Young, seen: Floats, due: Floats) -> None:
        """From the spans (spans, keys) of calm young keys; `spread` is their dispersion before it was widened."""
        at, band = young.at[young.calm], young.band[young.calm]
        seen, due = seen[:, at], np.maximum(due[:, at], 1e-9)
        usual = due + (spread[:, at] + young.doubt[young.calm]) * due**2
        most = usual + self.found[band].T * due**2
        lever = due**2 / usual
        beyond = np.minimum((seen - due) ** 2, 9 * most) / usual - 1
        np.add.at(self.error, band, (lever * beyond).T)
        np.add.at(self.weight, band, (lever**2).T)

"""The last six weeks of every key: what was seen and due over 7 to 42 days, how noisy it is, where a change began."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc

from streams import calibration
from streams.baselines import Expectation
from streams.columns import Columns
from streams.detectors.base import Bools, Day, Floats, Ints, Singles

SPANS = (7, 14, 28, 42)
FALLS = (0.25, 0.5)  # what the CUSUMs look for: a quarter left, and a half
RING = 42
_FORGET = 0.5 ** (1 / 90)
_OWN = (30.0, 4.0, 4.0, 4.0, 4.0)  # what the others' dispersion weighs: squared users for a day, spans for a span


@dataclass
class Recent(Columns):
    """The last 42 days (by date modulo 42) in single precision, and what is summed over days, by key."""

    users: Singles
    mean: Singles
    shape: Singles
    events: Singles
    factor: Singles
    level: Singles
    stratum: NDArray[np.int8]  # -1: not judged
    cusum: Floats  # (falls, keys), in powers of ten
    cusum_since: Ints
    spread: Floats  # (1 + spans, keys): squared errors beyond Poisson, of a day and of each span
    spread_of: Floats  # the squared expectations they belong to
    peak: Floats  # the highest score of the last 14 days
    peak_age: Ints
    fallen: Ints  # the day up to which calibration does not count it
    alarmed: Bools

    @classmethod
    def initial(cls, size: int) -> "Recent":
        """Nothing seen of `size` keys."""
        names = ("users", "mean", "shape", "events", "factor", "level")
        rings: dict[str, Any] = {name: np.zeros((RING, size), np.float32) for name in names}
        spreads: dict[str, Any] = {name: np.zeros((1 + len(SPANS), size)) for name in ("spread", "spread_of")}
        return cls(
            stratum=np.full((RING, size), -1, np.int8),
            cusum=np.zeros((len(FALLS), size)),
            cusum_since=np.zeros((len(FALLS), size), np.int64),
            peak=np.zeros(size),
            peak_age=np.zeros(size, np.int64),
            fallen=np.zeros(size, np.int64),
            alarmed=np.zeros(size, np.bool_),
            **rings,
            **spreads,
        )

    def sums(self, ring: Singles, date: int) -> Floats:
        """(spans, keys): a ring summed over the last 7, 14, 28 and 42 days."""
        parts, begin = [], 0
        for span in SPANS:
            parts.append(ring[(date - np.arange(begin, span)) % RING].sum(0, dtype=np.float64))
            begin = span
        found: Floats = np.cumsum(parts, axis=0)
        return found


def scan(seen: Floats, due: Floats, spread: Floats) -> Floats:
    """-log10 of the chance to see so few users: the tail of a negative binomial with that mean and dispersion."""
    found = np.zeros(np.shape(seen))
    low = (seen < due) & (due > 0)
    size = 1 / spread[low]
    chance = betainc(size, seen[low] + 1, size / (size + due[low]))
    found[low] = -np.log10(np.maximum(chance, 1e-30))
    return found


def dispersions(recent: Recent) -> Floats:
    """(1 + spans, keys): how much noisier than Poisson a day and each span are; thin keys lean on others."""
    stratum = np.maximum(recent.stratum.max(0), 0).astype(np.int64)
    found = np.empty_like(recent.spread)
    for i, effective in enumerate(_OWN):
        own, weight = recent.spread[i], recent.spread_of[i]
        total = np.bincount(stratum, own, calibration.STRATA)
        of = np.bincount(stratum, weight, calibration.STRATA)
        shared = ((total + 0.3) / (of + 1))[stratum]
        # A day's own evidence counts by its squared mean, a span's by the number of spans that do not overlap.
        length = SPANS[i - 1] if i else 1
        usual = length * np.maximum(recent.mean.sum(0) / RING, 0.05)
        lean = effective * length * usual**2 if i else effective
        found[i] = (own + lean * shared) / (weight + lean)
    return np.clip(found, 0.005, 5.0)


def remember(recent: Recent, day: Day, expected: Expectation, started: Bools) -> None:
    """Puts a day into the rings; where it says nothing of a key (not known, or not started), what came was due."""
    now = day.date % RING
    known = started & day.known
    recent.users[now], recent.events[now] = day.users, day.events
    recent.mean[now] = np.where(known, expected.mean, day.users)
    recent.shape[now] = np.where(known, expected.shape, 0)
    recent.factor[now] = expected.factor
    recent.level[now] = expected.level


def add_up(recent: Recent, day: Day, mean: Floats, spread: Floats, judged: Bools) -> None:
    """The CUSUMs' step: log likelihood ratio of what is left after each fall against the mean."""
    size = 1 / spread
    for i, left in enumerate(FALLS):
        gain = day.users * np.log10(left) + (size + day.users) * np.log10((size + mean) / (size + left * mean))
        recent.cusum[i] = np.where(judged, np.maximum(recent.cusum[i] + gain, 0), recent.cusum[i])
    recent.cusum_since = np.where(recent.cusum > 0, recent.cusum_since, day.date + 1)


def surges(seen: Floats, due: Floats, spread: Floats) -> Bools:
    """Keys far above what was expected: they say as little about their peers as those far below."""
    high: Bools = seen[1] - due[1] > 4 * np.sqrt(due[1] + spread[2] * due[1] ** 2 + 0.25)
    return high


def disperse(
    recent: Recent, day: tuple[Floats, Floats], spans: tuple[Floats, Floats], noise: Floats, calm: Bools
) -> None:
    """Learns how noisy calm keys are, from a day's and each span's (seen, due), outliers cut at three deviations."""
    seen, due = np.concatenate([day[0][None], spans[0]]), np.concatenate([day[1][None], spans[1]])
    squared = np.minimum((seen - due) ** 2, 9 * (due + noise * due**2))
    recent.spread *= np.where(calm, _FORGET, 1.0)
    recent.spread += np.where(calm, squared - due, 0)
    recent.spread_of *= np.where(calm, _FORGET, 1.0)
    recent.spread_of += np.where(calm, due**2, 0)


def onset(recent: Recent, date: int, index: int, spread: Floats) -> int:
    """The day from which on the last 42 days are rarest; `spread` is each span's dispersion.

    Where all of them are, the higher CUSUM tells how far back it goes.
    """
    back = (date - np.arange(RING)) % RING
    seen, due = np.cumsum(recent.users[back, index], dtype=float), np.cumsum(recent.mean[back, index], dtype=float)
    noise = spread[np.searchsorted(SPANS, np.arange(1, RING + 1))]
    days = int(scan(seen, due, noise).argmax()) + 1
    first = date - days + 1
    longest = int(recent.cusum_since[recent.cusum[:, index].argmax(), index])
    return min(first, longest) if days == RING else first

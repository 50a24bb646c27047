"""Thresholds without labels: how often each score is reached while nothing was wrong, in this workspace's own history.

A key reaches a score "anew" when it has not been as high within the last 14 days; that is what would open an alert.
Whether something was wrong shows 42 days later: what was reached counts when the key, in the last 28 of them, did at
least 65 % of what was expected. From that, on the first day of each month, comes in each stratum (expected users a
week, in powers of two) how many times a year a clean key reaches each score. Thin strata lean on the others, and all
lean on a prior, so that a new workspace starts with sensible thresholds (`Prior`).

A key that did less after a high score has fallen. Where `judge` is told of it, neither its scores nor its time count
for 120 days: it would cross again and again while its level follows it down. Two errors stay, and about cancel: dips
that last longer without anything being wrong are not counted, and falls to more than 65 % are (docs/detection.md has
the figures). What they leave over, the budget of all kinds together makes up for (streams/spending.py).
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from streams.columns import Arrays

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

STRATA = 12
BINS = 400
STEP = 0.05
HINDSIGHT = 42  # days after which it shows whether something was wrong, …
SEEN = 28  # … by the last ones of them
SETTLED = 60  # days until a baseline has settled
CLEAN = 0.65
_REARM = 14
_LOWEST = 1.0
YEARS_OF_PRIOR = 20.0
_FELL = 6.0  # from this score on, a key that was not clean after it has fallen
_FALLEN_DAYS = 120
_PENDING = ("day", "key", "stratum", "low", "high")
SCORES: Floats = np.arange(BINS + 1) * np.float64(STEP)


@dataclass(frozen=True)
class Prior:
    """What is held of scores where little is known.

    Attributes:
        rates: How many times a year each is reached, before anything is known.
        lean: What the other strata weigh, in years.
        reach: What a stratum weighs among those, for each step that it is away; 1: all the same.
    """

    rates: Floats
    lean: float = YEARS_OF_PRIOR
    reach: float = 1.0


CAUTIOUS = Prior(300 * np.power(10.0, -SCORES))


def stratum_of(weekly: Floats) -> Ints:
    """The stratum of expected users a week: below ½ is 0, then one for each power of two.

    >>> stratum_of(np.array([0.1, 0.7, 1.5, 40.0])).tolist()
    [0, 1, 2, 7]
    """
    found: Ints = np.clip(np.floor(np.log2(np.maximum(weekly, 0.25))) + 2, 0, STRATA - 1).astype(np.int64)
    return found


@dataclass
class Calibration:
    """What was counted. `counts[s, i]`: times a clean key in stratum s reached bin i anew; `years[s]`: its time."""

    counts: Floats = field(default_factory=lambda: np.zeros((STRATA, BINS + 1)))
    years: Floats = field(default_factory=lambda: np.zeros(STRATA))
    waiting: dict[str, Ints] = field(default_factory=lambda: {name: np.empty(0, np.int64) for name in _PENDING})

    def arrays(self) -> Arrays:
        """Everything, for a checkpoint."""
        return {"counts": self.counts, "years": self.years, **{f"waiting_{n}": v for n, v in self.waiting.items()}}

    @classmethod
    def restored(cls, arrays: Arrays) -> "Calibration":
        """What `arrays` gave."""
        waiting = {name: arrays[f"waiting_{name}"] for name in _PENDING}
        return cls(arrays["counts"], arrays["years"], waiting)


def bin_of(score: Floats) -> Ints:
    """The bin of a score."""
    found: Ints = np.clip(np.floor(score / STEP), 0, BINS).astype(np.int64)
    return found


def note(calibration: Calibration, date: int, keys: Ints, stratum: Ints, score: Floats, peak: Floats) -> None:
    """Remembers the keys whose score is higher than its `peak` of the last 14 days, until hindsight can judge them."""
    anew = np.flatnonzero((stratum >= 0) & (score >= _LOWEST) & (bin_of(score) > bin_of(peak)))
    found = {
        "day": np.full(len(anew), date),
        "key": keys[anew],
        "stratum": stratum[anew],
        "low": bin_of(peak[anew]),
        "high": bin_of(score[anew]),
    }
    calibration.waiting = {name: np.concatenate([calibration.waiting[name], found[name]]) for name in _PENDING}


def judge(
    calibration: Calibration,
    date: int,
    keys: Ints,
    clean: Bools,
    stratum_then: Ints,
    fallen: Ints | None = None,
    after: int = HINDSIGHT,
) -> None:
    """Counts what was noted `after` days ago, for the keys that turned out clean.

    Args:
        calibration: What was counted so far.
        date: Today.
        keys: Every key, sorted; what follows is by key.
        clean: Whether the days since then went as expected.
        stratum_then: Its stratum then; -1 where it was not judged, or is not to count.
        fallen: The day up to which it does not count, moved on in place for those that fell. Without it, only the time
            of clean keys counts.
        after: Days of hindsight.
    """
    waiting, then = calibration.waiting, date - after
    due = waiting["day"] <= then
    mine = {name: values[due] for name, values in waiting.items()}
    calibration.waiting = {name: values[~due] for name, values in waiting.items()}
    at = np.searchsorted(keys, mine["key"])
    steady = clean if fallen is None else then > fallen
    good = clean[at] & steady[at] & (mine["stratum"] >= 0)
    if fallen is not None:
        good &= stratum_then[at] >= 0
        fell = ~clean[at] & (mine["high"] >= _FELL / STEP)
        fallen[at[fell]] = then + _FALLEN_DAYS
    np.add.at(calibration.counts, (mine["stratum"][good], mine["high"][good]), 1)
    np.add.at(calibration.counts, (mine["stratum"][good], mine["low"][good]), -1)
    calibration.years += np.bincount(stratum_then[steady & (stratum_then >= 0)], minlength=STRATA) / 365.25


def rates(calibration: Calibration, prior: Prior = CAUTIOUS) -> Floats:
    """(STRATA, BINS + 1): how many times a year a clean key reaches each bin anew; at first, the prior's."""
    reached = np.cumsum(calibration.counts[:, ::-1], axis=1)[:, ::-1]
    apart = np.abs(np.subtract.outer(np.arange(STRATA), np.arange(STRATA)))
    near = prior.reach**apart
    others = (near @ reached + YEARS_OF_PRIOR * prior.rates) / ((near @ calibration.years)[:, None] + YEARS_OF_PRIOR)
    found = (reached + prior.lean * others) / (calibration.years[:, None] + prior.lean)
    # Low scores are seldom left and so seldom reached anew; a rate never grows with the score.
    return np.maximum.accumulate(found[:, ::-1], axis=1)[:, ::-1]


def thresholds(table: Floats, budget: float) -> Floats:
    """(STRATA,): the lowest score that keeps `budget`, alerts a year and clean key, from what `rates` gave."""
    keeps = table <= budget
    keeps[:, -1] = True
    found: Floats = np.argmax(keeps, axis=1) * STEP
    return found


def reached(calibration: Calibration, limits: Floats) -> tuple[float, float]:
    """How many times clean keys came to `limits` (by stratum) anew, and in how many years of theirs."""
    times = np.cumsum(calibration.counts[:, ::-1], axis=1)[:, ::-1]
    return float(times[np.arange(STRATA), bin_of(limits)].sum()), float(calibration.years.sum())


def label(stratum: int) -> str:
    """The expected users a week of a stratum.

    >>> label(0), label(1), label(2), label(11)
    ('<0.5', '0.5-1', '1-2', '512+')
    """
    if stratum == 0:
        return "<0.5"
    low = 2.0 ** (stratum - 2)
    return f"{low:g}+" if stratum == STRATA - 1 else f"{low:g}-{2 * low:g}"


def rarity(table: Floats, stratum: Ints, score: Floats) -> Floats:
    """log10 of the days between two such scores, by component and key (0: daily; 2.6: yearly), from `rates` of each."""
    every = np.arange(len(score))[:, None]
    rate = table[every, stratum[None, :], bin_of(score)]
    found: Floats = np.maximum(np.log10(365.25 / np.maximum(rate, 1e-9)), 0)
    return found


def month_of(date: int) -> int:
    """The month of a day (since 1970-01-01), counted since then: thresholds are those of a month.

    >>> month_of(30), month_of(31)
    (0, 1)
    """
    return int(np.datetime64(date, "D").astype("datetime64[M]").astype(np.int64))


def rarity_of(budget: Floats) -> Floats:
    """The rarity of a false alert by its budget, times a year.

    >>> rarity_of(np.array([0.5])).round(2).tolist()
    [2.86]
    """
    found: Floats = np.log10(365.25 / budget)
    return found


def decay_peak(peak: Floats, age: Ints, score: Floats) -> None:
    """Moves each key's `peak` and its `age` in days on by one day, in place; a peak is forgotten after 14 days."""
    age += 1
    fresh = (score >= peak) | (age >= _REARM)
    peak[fresh] = score[fresh]
    age[fresh] = 0

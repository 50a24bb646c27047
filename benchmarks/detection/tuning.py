"""Peers at their best: every setting's threshold is set, with the labels, so that its false alerts meet the rate."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.detection.activity import Activity
from benchmarks.detection.machine import run
from benchmarks.detection.peers.rule import Floats, Rule
from benchmarks.detection.scoring import Score, score
from benchmarks.detection.truth import Truth

STEPS = 18


@dataclass(frozen=True)
class Tuned:
    """A rule's best setting on one world at one rate of false alerts."""

    setting: dict[str, Any]
    threshold: float
    score: Score


def tune(rule: Rule, activity: Activity, truth: Truth, rates: list[float]) -> dict[float, Tuned]:
    """The setting that finds most at each rate of false alerts per clean account-year."""
    best: dict[float, Tuned] = {}
    for setting in rule.settings:
        scores = rule.score(activity, **setting)
        for rate in rates:
            threshold = at_rate(scores, truth, rate)
            reached = Tuned(setting, threshold, score(truth, run(scores, threshold)))
            if rate not in best or found(reached) > found(best[rate]):
                best[rate] = reached
    return best


def found(tuned: Tuned) -> float:
    """What settings are compared by."""
    return tuned.score.r14 + tuned.score.r42


def at_rate(scores: Floats, truth: Truth, rate: float) -> float:
    """The lowest threshold whose false alerts are at most the rate, by bisection over the scores' own values."""
    values = np.unique(scores[truth.clean & np.isfinite(scores)])
    low, high = 0, len(values) - 1
    for _ in range(STEPS):
        if low >= high:
            break
        middle = (low + high) // 2
        if score(truth, run(scores, values[middle])).far > rate:
            low = middle + 1
        else:
            high = middle
    return float(values[high]) if len(values) else 0.0

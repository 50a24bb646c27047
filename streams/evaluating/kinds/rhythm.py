"""Whether a silence is an account's own rhythm: who comes at a month's end only is not missed in between."""

import numpy as np

from streams.detectors.base import Bools, Ints, Verdicts
from streams.evaluating.kinds.base import Scene
from streams.evidence import CONTEXT

_SILENT, _APART, _LEEWAY = 14, 7, 4  # days
_AWAY = 0.5  # the part of its days that such pauses make up, at least: who pauses now and then has no such rhythm


def out_of_rhythm(scene: Scene, verdicts: Verdicts) -> Bools:
    """Which keys of accounts crossed, but for those that are silent in their own rhythm."""
    crosses: Bools = verdicts.crosses.copy()
    for at in np.flatnonzero(crosses).tolist():
        days, _ = scene.activity.presences(int(verdicts.keys[at]), scene.day.date - CONTEXT, scene.day.date)
        crosses[at] = not in_rhythm(days, scene.day.date)
    return crosses


def in_rhythm(days: Ints, today: int) -> bool:
    """Whether a silence of two weeks and more is no longer than the pauses between an account's bursts of days.

    >>> [in_rhythm(np.array([1, 2, 30, 31, 61]), today) for today in (70, 91, 95)]
    [False, True, False]
    >>> in_rhythm(np.concatenate([np.arange(60), np.arange(75, 120)]), 134)
    False
    """
    if not len(days) or today - int(days[-1]) < _SILENT:
        return False
    gaps = np.diff(days)  # ascending; of one day, 0
    usual = gaps[gaps >= _APART]
    mostly = usual.sum() > _AWAY * (int(days[-1]) - int(days[0]))
    return bool(mostly) and today - int(days[-1]) <= float(np.median(usual)) + _LEEWAY

"""What a rule is to the benchmark."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.detection.activity import Activity

Floats = NDArray[np.float64]
NEVER = -np.inf


@dataclass(frozen=True)
class Rule:
    """`score(activity, **setting)` is by account and day, higher being worse; one threshold makes alerts of it."""

    name: str
    score: Callable[..., Floats]
    settings: Sequence[dict[str, Any]]


def trailing(values: NDArray[Any], days: int) -> Floats:
    """Sums over each day and the days before it, so many in all.

    >>> trailing(np.array([[1, 2, 3, 4]]), 2)
    array([[1., 3., 5., 7.]])
    """
    total = np.cumsum(values, axis=1, dtype=np.float64)
    return total - np.pad(total, ((0, 0), (days, 0)))[:, : total.shape[1]]


def lagged(values: Floats, days: int, fill: float = 0.0) -> Floats:
    """What it was so many days before."""
    return np.pad(values, ((0, 0), (days, 0)), constant_values=fill)[:, : values.shape[1]]


def lived(activity: Activity, days: int) -> NDArray[np.bool_]:
    """Whether so many days have passed since the account's first activity."""
    seen = np.cumsum(activity.users, axis=1) > 0
    return lagged(seen.astype(np.float64), days) > 0

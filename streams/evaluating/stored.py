"""The fold over stored windows, a year at a time: what live evaluation runs, and what looks back run again."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple

import numpy as np

from schemas.database.engine import Connection
from streams.evaluating import folding, loading
from streams.evaluating.folding import Detection, Progress
from streams.evaluating.opening import Happening
from streams.evaluating.world import World
from streams.evidence import CONTEXT

BUDGET = 0.5
_CHUNK = 365
Reading = Callable[[], AbstractContextManager[Connection]]


class Days(NamedTuple):
    """Which days are folded: of whom, up to which, and which of them (first, last) were evaluated at one go."""

    world: World
    last: int
    gaps: Sequence[Sequence[int]]


def fold(
    reading: Reading, days: Days, progress: Progress, detection: Detection
) -> Iterator[tuple[Progress, list[Happening]]]:
    """What `streams.evaluating.folding.fold` gives for each day after `progress.day`; `reading` opens transactions."""
    while progress.day < days.last:
        until = min(progress.day + _CHUNK, days.last)
        ahead = min(until + 4, days.last)
        begin, busy = progress.day + 1 - CONTEXT, progress.busy(detection)
        with reading() as connection:
            activity = loading.load_activity(connection, days.world, begin, ahead, busy)
        dark = loading.unwatched(np.unique(activity.day), [(first, min(last, ahead)) for first, last in days.gaps])
        yield from folding.fold(days.world, activity, progress, until, detection, dark)


def budget_of(settings: dict[str, object]) -> float:
    """False alerts a year and account, as the workspace's settings say it, or what is built in."""
    return float(str(settings.get("budget", BUDGET)))

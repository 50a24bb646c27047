"""The fold's state as bytes, and which of its past states are worth keeping."""

from collections.abc import Iterable

import msgspec
import numpy as np
import zstandard

from streams.alerting import Life
from streams.columns import Arrays, part_of
from streams.evaluating.folding import Detection, Progress
from streams.spending import Spending

_FORMAT = 3
_WEEK = 7
_SPENDING = "spending."
_Arrays = dict[str, tuple[str, tuple[int, ...], bytes]]


class _Saved(msgspec.Struct, array_like=True):
    """By each detector's name its arrays: dtype, shape and bytes by name; `own` are the fold's."""

    format: int
    detectors: str
    day: int
    own: _Arrays
    states: dict[str, _Arrays]
    lives: dict[str, dict[int, Life]]


def save(progress: Progress, detection: Detection) -> bytes:
    """A state with the open episodes, so that going on from it reproduces everything."""
    saved = _Saved(
        _FORMAT,
        detection.version,
        progress.day,
        _packed({"keys": progress.keys, "segments": progress.segments, **_spent(progress)}),
        {one.name: _packed(one.save(progress.states[one.name])) for one in detection.detectors},
        progress.lives,
    )
    return zstandard.compress(msgspec.msgpack.encode(saved), 1)


def load(data: bytes, detection: Detection) -> Progress | None:
    """What `save` gave; None where other versions of the detectors wrote it, and all must be folded anew."""
    try:
        saved = msgspec.msgpack.decode(zstandard.decompress(data), type=_Saved)
    except msgspec.ValidationError:
        return None
    if (saved.format, saved.detectors) != (_FORMAT, detection.version):
        return None
    states = {one.name: one.load(_unpacked(saved.states[one.name])) for one in detection.detectors}
    own = _unpacked(saved.own)
    spending = Spending.restored(part_of(own, _SPENDING))
    return Progress(saved.day, states, saved.lives, own["keys"], own["segments"], spending=spending)


def _spent(progress: Progress) -> Arrays:
    return {_SPENDING + name: found for name, found in progress.spending.arrays().items()}


def _packed(arrays: Arrays) -> _Arrays:
    return {name: (a.dtype.str, a.shape, a.tobytes()) for name, a in arrays.items()}


def _unpacked(arrays: _Arrays) -> Arrays:
    return {name: np.frombuffer(data, dtype).reshape(shape).copy() for name, (dtype, shape, data) in arrays.items()}


def worth_keeping(day: int, last: int) -> bool:
    """Whether the state after `day` is kept when `last` is the newest: weekly, with age every fourth, then every 52nd.

    >>> [day for day in range(0, 1000) if worth_keeping(day, 1000)][:3], worth_keeping(1000, 1000)
    ([3, 367, 535], True)
    """
    week, rest = divmod(day - 3, _WEEK)  # day 3 was a Sunday
    if day == last:
        return True
    if rest:
        return False
    age = (last - day) // _WEEK
    return week % (1 if age < 26 else 4 if age < 68 else 52) == 0


def superseded(days: Iterable[int], last: int) -> list[int]:
    """The kept days that are no longer worth it."""
    return [day for day in days if not worth_keeping(day, last)]

"""The fold's state as bytes, and which of its past states are worth keeping."""

from collections.abc import Iterable

import msgspec
import numpy as np
import zstandard

from streams.alerting import Life
from streams.columns import Arrays
from streams.detectors.behavior_dropped import BehaviorDropped
from streams.evaluating.folding import Progress

_FORMAT = 1
_WEEK = 7


class _Saved(msgspec.Struct, array_like=True):
    """`arrays` holds dtype, shape and bytes by name."""

    format: int
    detector: tuple[str, str]
    day: int
    arrays: dict[str, tuple[str, tuple[int, ...], bytes]]
    lives: dict[int, Life]


def save(progress: Progress, detector: BehaviorDropped) -> bytes:
    """A state with the open episodes, so that going on from it reproduces everything."""
    arrays = {name: (a.dtype.str, a.shape, a.tobytes()) for name, a in detector.save(progress.detector).items()}
    saved = _Saved(_FORMAT, (detector.name, detector.version), progress.day, arrays, progress.lives)
    return zstandard.compress(msgspec.msgpack.encode(saved), 1)


def load(data: bytes, detector: BehaviorDropped) -> Progress | None:
    """What `save` gave; None where another version of the detector wrote it, and all must be folded anew."""
    raw = zstandard.decompress(data)
    try:
        saved = msgspec.msgpack.decode(raw, type=_Saved)
    except msgspec.ValidationError:
        return None
    if (saved.format, saved.detector) != (_FORMAT, (detector.name, detector.version)):
        return None
    arrays: Arrays = {
        name: np.frombuffer(content, dtype).reshape(shape).copy()
        for name, (dtype, shape, content) in saved.arrays.items()
    }
    return Progress(saved.day, detector.load(arrays), saved.lives)


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

"""The fold's state as bytes, and which of its past states are worth keeping."""

import io
from collections.abc import Iterable

import msgspec
import numpy as np
import zstandard

from streams.alerting import Life
from streams.detectors.behavior_dropped import BehaviorDropped
from streams.evaluating.folding import Progress

_VERSION = "1"
_WEEK = 7


def save(progress: Progress, detector: BehaviorDropped) -> bytes:
    """A state with the open episodes, so that going on from it reproduces everything."""
    arrays = {f"detector.{name}": values for name, values in detector.save(progress.detector).items()}
    arrays["lives"] = np.frombuffer(msgspec.msgpack.encode(progress.lives), np.uint8)
    arrays["header"] = np.array([_VERSION, detector.name, detector.version, str(progress.day)])
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return zstandard.compress(buffer.getvalue(), 3)


def load(data: bytes, detector: BehaviorDropped) -> Progress | None:
    """What `save` gave; None where another version of the detector wrote it, and all must be folded anew."""
    with np.load(io.BytesIO(zstandard.decompress(data)), allow_pickle=False) as arrays:
        version, name, of, day = arrays["header"].tolist()
        if (version, name, of) != (_VERSION, detector.name, detector.version):
            return None
        state = detector.load(
            {n.removeprefix("detector."): arrays[n] for n in arrays.files if n.startswith("detector.")}
        )
        return Progress(int(day), state, msgspec.msgpack.decode(arrays["lives"].tobytes(), type=dict[int, Life]))


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

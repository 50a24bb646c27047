"""When something happened: any of the forms that clients write, as milliseconds since the epoch.

>>> to_ms("2024-02-29T12:00:00+02:00", 0), to_ms(1_709_200_800, 0), to_ms(1_709_200_800_000.0, 0), to_ms(None, 7)
(1709200800000, 1709200800000, 1709200800000, 7)
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.errors import InvalidError

Moment = str | int | float | None

_SECONDS_UNTIL = 100_000_000_000  # a smaller number is seconds (until the year 5138), a larger one milliseconds
_LAST = 253_402_300_800_000  # the year 10000
_SKEW = 30_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_DIGITS = str.maketrans("123456789", "000000000")
_UTC = ("Z", "+00:00")
_SHAPES = {f"0000-00-00T00:00:00{part}{zone}" for part in ("", ".000", ".000000") for zone in _UTC}


def to_ms(moment: Moment, missing: int) -> int:
    """ISO 8601 with any offset (none means UTC), or epoch seconds or milliseconds. Raises InvalidError."""
    if moment is None or moment == "":
        return missing
    if isinstance(moment, str):
        try:
            at = datetime.fromisoformat(moment)
        except ValueError:
            return _from_digits(moment)
        return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - _EPOCH) // _MS
    if not -_LAST < moment < _LAST:
        raise _outside(moment)
    return round(moment * 1000 if abs(moment) < _SECONDS_UNTIL else moment)


def all_to_ms(moments: Sequence[str]) -> NDArray[np.int64] | None:
    """What `to_ms` gives for each of them, at once; None where one is not written like those here.

    >>> all_to_ms(["2024-02-29T12:00:00.123456Z", "2024-02-29T12:00:00+00:00"]).tolist()
    [1709208000123, 1709208000000]
    """
    shapes = "\n".join(moments).translate(_DIGITS).split("\n")
    ours = len(shapes) == len(moments) and _SHAPES.issuperset(shapes)
    if not ours or not all(moment.endswith(_UTC) for moment in moments):
        return None
    bare = [moment[:-1] if moment[-1] == "Z" else moment[:-6] for moment in moments]
    try:
        return np.array(bare, "datetime64[us]").astype(np.int64) // 1000
    except ValueError:
        return None


def skew_of(sent_at: Any, received: int) -> int:
    """How far the client's clock is ahead of ours, in milliseconds; 0 unless `sentAt` lies clearly in our future.

    Clients freeze `sentAt` across retries, so one in our past says nothing about the clock.
    """
    if not isinstance(sent_at, str | int | float):
        return 0
    try:
        ahead = to_ms(sent_at, received) - received
    except InvalidError:
        return 0
    return ahead if ahead > _SKEW else 0


def happened_at(moment: Moment, skew: int, received: int) -> int:
    """When the event happened, by our clock, between 1970 and `received`. Raises InvalidError."""
    at = to_ms(moment, received + skew) - skew
    if at < 0:
        raise _outside(moment)
    return min(at, received)


def _from_digits(moment: str) -> int:
    if moment.isascii() and moment.isdigit() and 9 <= len(moment) <= 15:
        return to_ms(int(moment), 0)
    raise InvalidError(
        "time_invalid", f"{moment[:40]!r} is no time; use ISO 8601, or seconds or milliseconds since 1970.", "timestamp"
    )


def _outside(moment: Moment) -> InvalidError:
    return InvalidError(
        "time_out_of_range", f"The time {str(moment)[:40]} lies before 1970 or is no time.", "timestamp"
    )

"""The one clock. Only the edges of a process read it; everything inside takes `now` as an argument.

A clock file lets a demo or a test run every process on the same made-up time: a JSON object with `wall` and
`simulated` (milliseconds since the epoch) and `scale` (simulated seconds in a second), read again when it changes.
"""

import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


class ClockFile(msgspec.Struct, frozen=True):
    """A straight line from wall time to simulated time, both in milliseconds since the epoch."""

    wall: int
    simulated: int
    scale: float

    def at(self, wall: int) -> int:
        """The simulated moment of a wall moment."""
        return self.simulated + round((wall - self.wall) * self.scale)


class Clock:
    """Tells the time in milliseconds since the epoch: the machine's, or the clock file's."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._read_at = -1
        self._line: ClockFile | None = None

    def now(self) -> int:
        """Milliseconds since the epoch."""
        wall = wall_ms()
        if self._path is None:
            return wall
        stamp = self._path.stat().st_mtime_ns
        if stamp != self._read_at or self._line is None:
            self._line, self._read_at = msgspec.json.decode(self._path.read_bytes(), type=ClockFile), stamp
        return self._line.at(wall)

    def datetime(self) -> datetime:
        """Now as an aware UTC datetime."""
        return to_datetime(self.now())


def wall_ms() -> int:
    """The machine's own time, in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def write_clock(path: Path, line: ClockFile) -> None:
    """Sets the clock of every process that reads `path`, in one atomic step."""
    draft = path.with_suffix(".draft")
    draft.write_bytes(msgspec.json.encode(line))
    draft.replace(path)


def to_datetime(ms: int) -> datetime:
    """Milliseconds since the epoch as an aware UTC datetime."""
    return datetime.fromtimestamp(ms / 1000, UTC)


def to_ms(moment: datetime) -> int:
    """An aware datetime as milliseconds since the epoch."""
    return round(moment.timestamp() * 1000)

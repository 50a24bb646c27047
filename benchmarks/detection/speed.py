"""What the evaluation itself costs: nanoseconds a key-day, bytes a key; reading and gathering are timed apart."""

import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.detection.activity import rows
from streams.evaluating import folding, loading, recording

DAY_MS = 86_400_000


@dataclass(frozen=True)
class Speed:
    """Of one world: keys (accounts' behaviors), days, seconds of the fold, bytes of its state."""

    keys: int
    days: int
    seconds: float
    bytes: int

    def __str__(self) -> str:
        ns, size = self.seconds * 1e9 / (self.keys * self.days), self.bytes / self.keys
        return f"{self.keys:,} keys over {self.days:,} days: {ns:,.0f} ns a key-day, {size:,.0f} bytes a key"


def measure(world: Path, budget: float) -> Speed:
    """Folds all days of a world in this process; alerts are opened and kept as in a backtest."""
    recorded = recording.Recording()
    for time_of, account, user, _ in rows(world / "events.csv.zst"):
        recorded.add(int(np.datetime64(time_of.rstrip("Z"), "ms").astype(np.int64)), account, user, "core.action", {})
    customers = recorded.world({})
    begin, end = recorded.span
    first, last = loading.first_touched(customers, begin), loading.last_closed(customers, -(-end // DAY_MS) * DAY_MS)
    activity = recorded.activity(customers, first, last)
    detection = folding.Detection(budget)
    progress, began = folding.begin(detection, first), time.perf_counter()
    for _ in folding.fold(customers, activity, progress, last, detection):
        pass  # `progress` is moved on in place
    seconds = time.perf_counter() - began
    states = [one.save(progress.states[one.name]) for one in detection.detectors]
    size = sum(array.nbytes for state in states for array in state.values())
    return Speed(len(progress.keys), last - first + 1, seconds, size)


if __name__ == "__main__":
    print(measure(Path(sys.argv[1]), float(sys.argv[2])))

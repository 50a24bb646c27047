"""What a day's evaluation costs, of all kinds of alerts: the fold of live evaluation over crowds of several sizes.

Each size runs in a process of its own. Its accounts live for some weeks first, so that everyone is judged; then whole
days are timed, one call of the fold each, as live evaluation makes them (who is evaluated, detectors, alerts with
evidence, who is judged). Making the world and each day's activity, in place of loading them, is timed apart. Times are
the processor's, of one core: others may be at work on the machine.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from statistics import median

from benchmarks.detection.crowd import crowd
from streams.evaluating import folding

_FIRST = 19_800  # days since 1970-01-01; a Monday's week begins with it
_BUDGET = 0.5


@dataclass(frozen=True)
class Speed:
    """Of one size: keys, seconds of each timed day and of making it, alerts' steps, bytes of state, peak memory."""

    keys: int
    seconds: list[float]
    made: list[float]
    steps: int
    state: int
    peak: int

    @property
    def day(self) -> float:
        """Seconds of the median day."""
        return median(self.seconds)


def measure(keys: int, warm_up: int, days: int) -> Speed:
    """Folds a crowd's days in this process, and times the last ones."""
    crowded, detection = crowd(keys, _FIRST), folding.Detection(_BUDGET)
    progress = folding.begin(detection, _FIRST)
    made, seconds, steps = [], [], 0
    for date in range(_FIRST, _FIRST + warm_up + days):
        began = time.process_time()
        activity = crowded.day(date)
        loaded = time.process_time()
        found = [found for _, found in folding.fold(crowded.world, activity, progress, date, detection)]
        if date >= _FIRST + warm_up:
            made.append(loaded - began)
            seconds.append(time.process_time() - loaded)
            steps += sum(map(len, found))
    states = [one.save(progress.states[one.name]) for one in detection.detectors]
    size = sum(array.nbytes for state in states for array in state.values())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return Speed(len(progress.keys), seconds, made, steps, size, peak)


def speeds(sizes: Sequence[int], warm_up: int, days: int) -> Iterator[Speed]:
    """Each size, measured in a process of its own."""
    for keys in sizes:
        command = [sys.executable, "-m", "benchmarks.detection.speed", str(keys), str(warm_up), str(days)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        yield Speed(**json.loads(done.stdout))


def line(one: Speed) -> str:
    """A size as a row of the table.

    >>> line(Speed(1_000_000, [10.0, 12.0, 11.0], [1.0, 1.0, 1.0], 900, 2_500_000_000, 4_000_000_000))
    '1,000,000   11,000   11,000   1,000   2,500   4.00   300'
    """
    alone, each = 1000 * median(one.made), one.day * 1e9 / one.keys
    size, alerts = one.state / one.keys, one.steps / len(one.seconds)
    cells = (f"{1000 * one.day:,.0f}", f"{each:,.0f}", f"{alone:,.0f}", f"{size:,.0f}", f"{one.peak / 1e9:.2f}")
    return "   ".join((f"{one.keys:,}", *cells, f"{alerts:,.0f}"))


HEADER = "keys   ms a day   ns a key-day   ms to make it   bytes a key   peak GB   alerts' steps a day"


if __name__ == "__main__":
    print(json.dumps(asdict(measure(*map(int, sys.argv[1:])))))

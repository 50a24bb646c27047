"""`make bench`: fold, commit and collector, one after the other, each beside its peers in the same run.

`python -m benchmarks [--events N] [--runs N]`; each also runs alone: `python -m benchmarks.fold`.
"""

import argparse
import subprocess
import sys

from benchmarks import commit, fold
from benchmarks.running import ROOT, kafka


def main() -> int:
    """Runs all three; the exit code is 1 where a figure was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    wanted = parser.parse_args()
    with kafka() as bootstrap:
        alone, folded = fold.compare(bootstrap, wanted.events, wanted.runs)
        prefix = fold.fill_batches(bootstrap, wanted.events)
        committed = commit.compare(bootstrap, prefix, wanted.events, wanted.runs, alone)
    collected = subprocess.run([sys.executable, "-m", "benchmarks.collector"], cwd=ROOT, check=False).returncode == 0
    missed = [name for name, ok in (("fold", folded), ("commit", committed), ("collector", collected)) if not ok]
    print(f"\n{'All figures reached.' if not missed else 'Missed: ' + ', '.join(missed)}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())

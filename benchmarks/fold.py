"""The fold alone: Kafka → decoded → window deltas with distinct users, one process, next to its peers.

`python -m benchmarks.fold [--events N] [--runs N]`
"""

import argparse
import os
import sys

from benchmarks.running import Result, fill_batches, fill_singles, kafka, measure, peer, show

OURS = "Ebbtide's fold (200 events a record)"


def main() -> int:
    """Runs everything on one Kafka; the exit code tells whether every wanted ratio was reached."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000, help="events for us and the bare loop")
    parser.add_argument("--runs", type=int, default=3)
    wanted = parser.parse_args()
    with kafka() as bootstrap:
        return 0 if compare(bootstrap, wanted.events, wanted.runs)[1] else 1


def compare(bootstrap: str, n: int, runs: int) -> tuple[Result, bool]:
    """Our result, and whether it is good enough."""
    prefix, singles = fill_batches(bootstrap, n), fill_singles(bootstrap, n)
    ours = fold(bootstrap, prefix, n, runs)
    peers = [
        (peer("bare", bootstrap, singles, n, runs=runs, label="bare librdkafka + msgspec + count"), 1.2),
        (peer("quix", bootstrap, singles, n // 10, runs=runs, label="Quix Streams, tumbling count"), 10),
        (peer("plain_faust", bootstrap, singles, n // 100, runs=runs, label="plain Faust with a table"), 25),
    ]
    reached = show("Fold: Kafka → decoded → window deltas (peers: one event a record)", ours, peers)
    if not reached:
        print("What bounds it:")
        os.environ["EBBTIDE_PROFILE"] = "1"
        fold(bootstrap, prefix, n, 1)
    return ours, reached


def fold(bootstrap: str, prefix: str, n: int, runs: int) -> Result:
    """Our fold of a filled topic."""
    return measure([sys.executable, "-m", "benchmarks.folding", bootstrap, prefix, str(n)], OURS, runs)


if __name__ == "__main__":
    sys.exit(main())

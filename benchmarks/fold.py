"""The fold alone: Kafka → decoded → window deltas with distinct users, one process, next to its peers.

`python -m benchmarks.fold [--events N] [--runs N]`
"""

import argparse
import os
import sys

from benchmarks.running import Result, fill_batches, fill_singles, kafka, measure, peer, show

OURS = "Ebbtide's fold (200 events a record)"
# Label, script, the part of the events it gets (the slow ones would take all day), how many times faster we must be.
PEERS = (
    ("bare librdkafka + msgspec + count", "bare", 1, 1.2),
    ("Quix Streams, tumbling count", "quix", 10, 10.0),
    ("plain Faust with a table", "plain_faust", 100, 25.0),
)


def main() -> int:
    """Runs everything on one Kafka; the exit code tells whether every wanted ratio was reached."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000, help="events for us and the bare loop")
    parser.add_argument("--runs", type=int, default=3)
    wanted = parser.parse_args()
    with kafka() as bootstrap:
        return 0 if compare(bootstrap, wanted.events, wanted.runs)[1] else 1


def compare(bootstrap: str, n: int, runs: int) -> tuple[Result, bool]:
    """Our result, and whether it is good enough. Contestants take turns, so that a busy moment hits all of them."""
    prefix, singles = fill_batches(bootstrap, n), fill_singles(bootstrap, n)
    ours = Result(OURS, [])
    peers = [(Result(label, []), script, n // part, wanted) for label, script, part, wanted in PEERS]
    for _ in range(runs):
        ours.rates.extend(fold(bootstrap, prefix, n, 1).rates)
        for result, script, events, _ in peers:
            result.rates.extend(peer(script, bootstrap, singles, events).rates)
    reached = show(
        "Fold: Kafka → decoded → window deltas (peers: one event a record)",
        ours,
        [(result, wanted) for result, _, _, wanted in peers],
    )
    if not reached:
        print("What bounds it:")
        os.environ["EBBTIDE_PROFILE"] = "1"
        fold(bootstrap, prefix, n, 1)
        del os.environ["EBBTIDE_PROFILE"]
    return ours, reached


def fold(bootstrap: str, prefix: str, n: int, runs: int) -> Result:
    """Our fold of a filled topic."""
    return measure([sys.executable, "-m", "benchmarks.folding", bootstrap, prefix, str(n)], OURS, runs)


if __name__ == "__main__":
    sys.exit(main())

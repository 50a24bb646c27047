"""`make faults RUNS=n SEED=s FAULTS=k`: n runs of k faults each, the first with seed s; a table of their outcomes."""

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np

from tests.faults import planted
from tests.faults.driver import Outcome, plan, run
from tests.faults.simulation import simulate

_HEAD = ("seed", "faults", "events", "lost", "doubled", "quarantined", "messages", "breaches", "p50 s", "p99 s")


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--runs", type=int, default=3)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--faults", type=int, default=3)
    asked.add_argument("--size", type=int, default=200, help="events a request")
    asked.add_argument("--brokers", type=int, default=1, choices=(1, 3))
    asked.add_argument("--only", nargs="*", default=[], help="faults to choose among")
    asked.add_argument(
        "--planted", nargs="*", help="plant bugs instead (all, or these), and see whether each is caught"
    )
    asked.add_argument("--steps", type=int, default=0, help="simulate so many steps of the pure core instead")
    told = asked.parse_args()
    if told.steps:
        happened = simulate(told.seed, told.steps)
        print(", ".join(f"{name} {times:,}" for name, times in sorted(happened.items())))
        return 0
    if told.planted is not None:
        return plant(told.planted)
    outcomes = []
    for seed in range(told.seed, told.seed + told.runs):
        with tempfile.TemporaryDirectory(prefix="ebbtide-faults-", ignore_cleanup_errors=True) as folder:
            outcomes.append(
                run(
                    Path(folder),
                    seed,
                    plan(seed, told.faults, told.only, told.brokers),
                    size=told.size,
                    brokers=told.brokers,
                )
            )
    for one in outcomes:
        if not one.ok:
            print(f"seed {one.seed}: {one.stuck} {one.places} {one.breaches[:10]} {one.report}")
    print(table(outcomes))
    return 0 if all(one.ok for one in outcomes) else 1


def plant(names: list[str]) -> int:
    """Every bug has to be caught, and the runs without one have to pass."""
    wrong = 0
    with planted.field() as field:
        for name, faults in (planted.CONTROLS | planted.BUGS).items():
            if names and name not in names:
                continue
            outcome = field.run(name, faults)
            expected = outcome.ok if name in planted.CONTROLS else not outcome.ok
            wrong += not expected
            books, audited = planted.said(outcome)
            print(f"{name:>22}  {'as expected' if expected else 'NOT CAUGHT':<12} books: {books:<60} audit: {audited}")
    return int(bool(wrong))


def table(outcomes: list[Outcome]) -> str:
    """A line a run, and one of them all."""
    rows = [_row(str(one.seed), [one]) for one in outcomes] + [_row("all", outcomes)]
    return "\n".join(" ".join(f"{cell:>12}" for cell in row) for row in (_HEAD, *rows))


def _row(name: str, outcomes: list[Outcome]) -> tuple[str, ...]:
    seconds = [took for one in outcomes for _, took in one.recoveries] or [0.0]
    p50, p99 = np.percentile(seconds, (50, 99))
    events = sum(one.acked + one.imported for one in outcomes)
    sums = [sum(getattr(one, what) for one in outcomes) for what in ("lost", "doubled", "quarantined")]
    faults = sum(len(one.recoveries) for one in outcomes)
    sums += [sum(one.messages for one in outcomes), sum(len(one.breaches) for one in outcomes)]
    return name, f"{faults}", f"{events:,}", *(f"{n:,}" for n in sums), f"{p50:.1f}", f"{p99:.1f}"


if __name__ == "__main__":
    sys.exit(main())

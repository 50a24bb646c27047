"""`make faults RUNS=n SEED=s FAULTS=k`: n runs of k faults each, the first with seed s; a table of their outcomes."""

import argparse
import shutil
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

from tests.faults import planted
from tests.faults.driver import Outcome, plan, run
from tests.faults.simulation import simulate

_SLOW = 20.0  # seconds until all is well again: worth a look at what the processes logged
_HEAD = ("seed", "faults", "events", "lost", "doubled", "quarantined", "messages", "breaches", "p50 s", "p99 s")


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--runs", type=int, default=3)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--faults", type=int, default=3)
    asked.add_argument("--size", type=int, default=200, help="events a request")
    asked.add_argument("--brokers", type=int, default=1, choices=(1, 3))
    asked.add_argument("--jobs", type=int, default=1, help="runs side by side")
    asked.add_argument("--logs", type=Path, help="keep logs there of runs that failed, or were slow to be ready again")
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
    with ProcessPoolExecutor(told.jobs) as jobs:
        seeds = range(told.seed, told.seed + told.runs)
        outcomes = [one for one in jobs.map(partial(_one, told), seeds) if one]
    for one in outcomes:
        if not one.ok:
            print(f"seed {one.seed}: {one.stuck} {one.places} {one.breaches[:10]} {one.report}")
    print(table(outcomes))
    return 0 if len(outcomes) == told.runs and all(one.ok for one in outcomes) else 1


def _one(told: argparse.Namespace, seed: int) -> Outcome | None:
    """One run, or None where it came to no end: the others go on."""
    faults = plan(seed, told.faults, told.only, told.brokers)
    with tempfile.TemporaryDirectory(prefix="ebbtide-faults-", ignore_cleanup_errors=True) as folder:
        try:
            outcome = run(Path(folder), seed, faults, partial(print, flush=True), told.size, told.brokers)
        except AssertionError as error:
            print(f"seed {seed}: came to no end: {error}", flush=True)
            outcome = None
        else:
            found = f"lost {outcome.lost}, doubled {outcome.doubled}, breaches {len(outcome.breaches)}"
            print(f"seed {seed}: {outcome.acked:,} events, {found}{'' if outcome.ok else ': NOT OK'}", flush=True)
        slow = not outcome or max((seconds for _, seconds in outcome.recoveries), default=0) > _SLOW
        if told.logs and (slow or not outcome.ok):
            shutil.copytree(f"{folder}/instance/logs", told.logs / str(seed), dirs_exist_ok=True)
        return outcome


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

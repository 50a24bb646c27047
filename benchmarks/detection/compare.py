"""Ours beside the usual rules on worlds whose drops are known, at the same rate of false alerts."""

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.detection import ours
from benchmarks.detection.activity import Activity, read
from benchmarks.detection.machine import run
from benchmarks.detection.peers import PEERS
from benchmarks.detection.peers.span_over_span import SHIPPED, fall
from benchmarks.detection.scoring import Score, read_alerts, score
from benchmarks.detection.simulator import WORLDS, simulate
from benchmarks.detection.simulator.writing import write
from benchmarks.detection.truth import Truth, read_truth
from benchmarks.detection.tuning import tune

OURS, AS_SHIPPED = "Ebbtide", "week over week, shipped"


@dataclass(frozen=True)
class Line:
    """One contestant's scores on one world at one budget."""

    world: str
    budget: float
    name: str
    score: Score
    seconds: float | None = None


def compare(worlds: Iterable[Path], budgets: list[float], command: Path | None) -> Iterable[Line]:
    """Lines as they come. Peers are tuned with the labels, to the rate that ours realized without them.

    Without a command the peers run alone, tuned to the budget.
    """
    for world in worlds:
        truth = read_truth(world / "truth.json")
        accounts = dict(zip(truth.accounts, truth.segment, strict=True))
        mine = [_ours(world, truth, budget, command) for budget in budgets] if command else []
        yield from mine
        activity = read(world / "events.csv.zst", truth.first, truth.days, accounts)
        yield from _peers(world.name, activity, truth, {b: b for b in budgets} | {m.budget: m.score.far for m in mine})


def _ours(world: Path, truth: Truth, budget: float, command: Path) -> Line:
    with tempfile.TemporaryDirectory(prefix="ebbtide-bench-") as folder:
        out = Path(folder) / "alerts.ndjson"
        done = ours.backtest(world / "events.csv.zst", world / "accounts.csv", budget, out, command)
        alerts = read_alerts(done.alerts, truth.accounts, truth.first)
    return Line(world.name, budget, OURS, score(truth, alerts), done.seconds)


def _peers(world: str, activity: Activity, truth: Truth, rates: dict[float, float]) -> Iterable[Line]:
    shipped = score(truth, run(fall(activity, 7), SHIPPED))
    yield from (Line(world, budget, AS_SHIPPED, shipped) for budget in rates)
    for rule in PEERS:
        tuned = tune(rule, activity, truth, list(rates.values()))
        yield from (Line(world, budget, rule.name, tuned[rate].score) for budget, rate in rates.items())


def folder_of(world: str, seed: int, into: Path) -> Path:
    """A world's folder: the one that is named, or one that is simulated now."""
    if world not in WORLDS:
        return Path(world)
    made = into / f"{world}-{seed}"
    write(simulate(WORLDS[world], seed), made)
    return made

"""Drops injected into real histories: ours beside 28 days over 28, at the same rate of alerts on what was left alone.

Days on which a company could have been dropped, but wasn't, are taken as clean: some of the alerts there are right.
"""

import os
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.detection import ours
from benchmarks.detection.injecting import LEFT, History, Injection, Mask, batches, draw, eligible, keep, read_history
from benchmarks.detection.machine import run
from benchmarks.detection.peers.span_over_span import fall
from benchmarks.detection.scoring import ONCE, Alert, read_alerts

DAYS = 28
STEPS = 6
CLOSE = 0.04  # a share; one alert more or less is about that much
Judge = Callable[[Mask], list[Alert]]  # the rows that are left -> alerts


@dataclass(frozen=True)
class Found:
    """A contestant's alerts a year where nothing was injected, and its recall by kind of drop in 14 and 42 days."""

    name: str
    far: float
    recall: dict[str, tuple[float, float]]


def real(path: Path, each: int, budget: float, seed: int, command: Path | None) -> list[Found]:
    """Ours as calibrated to the budget, ours at that rate of alerts, and the rule at that rate."""
    history = read_history(path)
    everything = np.ones(len(history.day), dtype=bool)
    may = eligible(history.activity())
    injections = draw(may, each, np.random.default_rng(seed))
    found: list[Found] = []

    def take(name: str, judge: Judge) -> None:
        found.append(Found(name, rate(judge(everything), may), recall(history, injections, may, judge, seed)))

    if command:
        take(f"Ebbtide at budget {budget:g}", _ours(history, budget, command))
        matched = matching(lambda b: rate(_ours(history, b, command)(everything), may), budget)
        take(f"Ebbtide at budget {matched:.3g}", _ours(history, matched, command))
    threshold = _tuned(history, everything, may, budget)
    take(f"28 days over 28, down {threshold:.0%}", lambda kept: run(fall(history.activity(kept), DAYS), threshold))
    return found


def rate(alerts: Sequence[Alert], may: Mask) -> float:
    """Alerts a company-year on the days that count, one within two weeks counting once."""
    last: dict[int, int] = {}
    counted = 0
    for account, day in sorted(alerts):
        if may[account, day] and day - last.get(account, -ONCE) >= ONCE:
            last[account] = day
            counted += 1
    return counted / (may.sum() / 365)


def recall(
    history: History, injections: Sequence[Injection], may: Mask, judge: Judge, seed: int
) -> dict[str, tuple[float, float]]:
    """The share of each kind's injections alerted within 14 and 42 days."""
    shared = list(batches(injections, may))
    rows = [keep(history, batch, np.random.default_rng([seed, number])) for number, batch in enumerate(shared)]
    delays: dict[str, list[float]] = {kind: [] for kind in LEFT}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for batch, alerts in zip(shared, pool.map(judge, rows), strict=True):
            for one in batch:
                after = [day - one.day for account, day in alerts if account == one.account and day >= one.day]
                delays[one.kind].append(min(after, default=np.inf))
    return {kind: tuple(float((np.array(d) <= h).mean()) for h in (14, 42)) for kind, d in delays.items()}


def _ours(history: History, budget: float, command: Path) -> Judge:
    def judge(kept: Mask) -> list[Alert]:
        with tempfile.TemporaryDirectory(prefix="ebbtide-bench-") as folder:
            events, out = Path(folder) / "events.csv.zst", Path(folder) / "alerts.ndjson"
            history.write(events, kept)
            ours.backtest(events, None, budget, out, command)
            return read_alerts(out, history.accounts, history.first)

    return judge


def matching(rate_at: Callable[[float], float], wanted: float) -> float:
    """The budget whose rate comes closest to what is wanted: the budget is scaled by what it realized, a few times."""
    budget, tried = wanted, {}
    for _ in range(STEPS):
        tried[budget] = rate_at(budget)
        if abs(tried[budget] / wanted - 1) <= CLOSE:
            break
        budget *= min(max(wanted / max(tried[budget], wanted / 8), 1 / 8), 8.0)
    return min(tried, key=lambda one: abs(tried[one] - wanted))


def _tuned(history: History, everything: Mask, may: Mask, wanted: float) -> float:
    scores = fall(history.activity(everything), DAYS)
    low, high = 0.0, 1.0
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (middle, high) if rate(run(scores, middle), may) > wanted else (low, middle)
    return high


def told(found: Sequence[Found], each: int) -> str:
    """The result as a table."""
    lines = [f"\n{each} injections of each kind; alerts a company-year where nothing was injected (FAR); R14/R42"]
    lines.append(f"  {'':34}{'FAR':>7}" + "".join(f"{kind:>14}" for kind in LEFT))
    for one in found:
        shares = "".join(f"{f'{soon:.2f}/{late:.2f}':>14}" for soon, late in one.recall.values())
        lines.append(f"  {one.name:34}{one.far:>7.3f}{shares}")
    return "\n".join(lines)

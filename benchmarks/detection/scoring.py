"""How good alerts are: false ones, drops found in time, storms, precision; the measures of the facts' scorer."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.detection.truth import Truth

Floats = NDArray[np.float64]
ONCE = 14  # alerts of one account within so many days of its last counted one count once
IN_TIME = 56  # days after the drop within which an alert is true
STORM = 8  # days from a shock's start on
Alert = tuple[int, int]  # account, day


@dataclass(frozen=True)
class Score:
    """FAR: false alerts a clean account-year; R14, R42: means over drop type x size; storm: per 1,000 accounts."""

    far: float
    r14: float
    r42: float
    delay: float
    storm: float
    precision: float
    far_by_size: dict[str, float]


def score(truth: Truth, alerts: Iterable[Alert]) -> Score:
    """Scores (account, day) pairs; a drop never alerted has an infinite delay."""
    counted = np.array(list(_counted(truth, alerts)), dtype=np.int64).reshape(-1, 2)
    account, day = counted.T
    false = truth.clean[account, day]
    delay = np.full(len(truth.accounts), np.inf)
    late = day >= truth.onset[account]
    np.minimum.at(delay, account[late], (day - truth.onset[account])[late])
    true = int((delay[truth.scored] <= IN_TIME).sum())
    return Score(
        far=far(truth, int(false.sum())),
        r14=_recall(truth, delay, 14),
        r42=_recall(truth, delay, 42),
        delay=float(np.median(delay[truth.scored])) if len(truth.scored) else float("nan"),
        storm=_storm(truth, account[false], day[false]),
        precision=true / max(true + int(false.sum()), 1),
        far_by_size=_far_by_size(truth, account[false]),
    )


def far(truth: Truth, false: int) -> float:
    """So many false alerts, a clean account-year."""
    return false / (truth.clean.sum() / 365)


def _counted(truth: Truth, alerts: Iterable[Alert]) -> Iterable[Alert]:
    last: dict[int, int] = {}
    for account, day in sorted(alerts):
        if truth.begin[account] <= day < truth.days and day - last.get(account, -ONCE) >= ONCE:
            last[account] = day
            yield account, day


def _recall(truth: Truth, delay: Floats, within: int) -> float:
    return float(np.mean([(delay[cell] <= within).mean() for cell in truth.cells]))


def _storm(truth: Truth, account: NDArray[np.int64], day: NDArray[np.int64]) -> float:
    segment = np.array(truth.segment)
    stormy = exposed = 0
    for shock in truth.shocks:
        start = shock["start"]
        if start >= truth.eval_from:
            hit = segment == shock["segment"]
            exposed += int((hit & (truth.begin <= start) & (start < truth.onset)).sum())
            stormy += int((hit[account] & (day >= start) & (day < start + STORM)).sum())
    return 1000 * stormy / max(exposed, 1)


def _far_by_size(truth: Truth, false: NDArray[np.int64]) -> dict[str, float]:
    size, days = np.array(truth.size), truth.clean.sum(axis=1)
    return {
        name: float((size[false] == name).sum() / (days[size == name].sum() / 365))
        for name in sorted(set(truth.size))
        if days[size == name].sum()
    }


def read_alerts(path: Path, accounts: Sequence[str], first: date) -> list[Alert]:
    """The account alerts of an alerts.ndjson; lines about a segment or an unknown account are left out."""
    number = {account: index for index, account in enumerate(accounts)}
    told = [json.loads(line) for line in path.read_text().splitlines() if line.strip()]
    return [
        (number[alert["account"]], (date.fromisoformat(alert["fired_at"][:10]) - first).days)
        for alert in told
        if alert.get("account") in number
    ]

"""What is known of a world: when each account may be judged, when it drops, and which days are clean."""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Truth:
    """Columns by account; `clean` and `vague` are by account and day; `onset` is the last day's end where none is."""

    first: date
    days: int
    eval_from: int
    accounts: list[str]
    size: list[str]
    segment: list[str]
    drop: list[str | None]
    begin: Ints
    onset: Ints
    vague: Mask
    clean: Mask
    cells: list[Ints]
    shocks: list[dict[str, Any]]

    @property
    def scored(self) -> Ints:
        """The accounts whose drop counts: it does not begin in an ambiguous stretch."""
        at = np.minimum(self.onset, self.days - 1)
        dropping = np.array([drop is not None for drop in self.drop])
        return np.flatnonzero(dropping & ~self.vague[np.arange(len(at)), at])


def read_truth(path: Path) -> Truth:
    """Reads a truth.json."""
    told = json.loads(path.read_text())
    accounts, days = told["accounts"], told["days"]
    of = list(accounts.values())
    begin = np.array([max(told["eval_from"], a["start"] + told["warmup"]) for a in of])
    onset = np.array([days if a["onset"] is None else a["onset"] for a in of])
    vague = np.zeros((len(of), days), dtype=bool)
    for row, account in zip(vague, of, strict=True):
        for start, end in account["ambiguous"]:
            row[start:end] = True
    day = np.arange(days)
    clean = (day >= begin[:, None]) & (day < onset[:, None]) & ~vague
    truth = Truth(
        first=date.fromisoformat(told["start_date"]),
        days=days,
        eval_from=told["eval_from"],
        accounts=list(accounts),
        size=[a["size"] for a in of],
        segment=[a["segment"] for a in of],
        drop=[a["drop"] for a in of],
        begin=begin,
        onset=onset,
        vague=vague,
        clean=clean,
        cells=[],
        shocks=told["shocks"],
    )
    truth.cells.extend(_cells(truth, told["types"], told["sizes"]))
    return truth


def _cells(truth: Truth, types: list[str], sizes: list[str], least: int = 10) -> list[Ints]:
    """Drop type x size, where enough of them are; all together where no cell has enough."""
    scored = truth.scored
    kind = np.array([truth.drop[account] or "" for account in scored])
    size = np.array([truth.size[account] for account in scored])
    cells = [scored[(kind == a) & (size == b)] for a in types for b in sizes]
    return [cell for cell in cells if len(cell) >= least] or [scored]

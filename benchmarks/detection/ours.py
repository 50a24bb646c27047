"""Ours, by the command a customer has: `ebbtide backtest` over the same files, with a budget and without labels."""

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

EBBTIDE = Path(sys.executable).with_name("ebbtide")


@dataclass(frozen=True)
class Backtest:
    """Where the alerts are, and how long the whole command took."""

    alerts: Path
    seconds: float


def backtest(events: Path, accounts: Path | None, budget: float, out: Path, command: Path = EBBTIDE) -> Backtest:
    """Runs it; ends the benchmark with what it said, should it fail."""
    traits = ["--accounts", str(accounts)] if accounts else []
    wanted = ["backtest", "--events", str(events), *traits, "--budget", f"{budget:g}", "--out", str(out)]
    began = time.perf_counter()
    _run([str(command), *wanted])
    return Backtest(out, time.perf_counter() - began)


def _run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed with {done.returncode}:\n{done.stderr[-3000:]}")
    return done.stdout.strip()

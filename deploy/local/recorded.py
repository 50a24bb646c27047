"""Recorded events, accounts and outcomes in files, as backtests take them; with a bar that shows how far it is."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from api.bulk import NUMERIC
from deploy.local.console import errors
from deploy.local.importing.errors import FileError
from deploy.local.importing.rows import open_text, read_rows
from schemas.behaviors import Definition
from streams.backtest import Outcome
from streams.evaluating.recording import Recording

_CHUNK = 20_000


def record(path: Path, declared: Sequence[Definition], progress: Progress) -> Recording:
    """The events of a file, CSV or NDJSON; rows that can't be read are told and left out."""
    recording, wrong, first = Recording(declared), 0, ""
    task = progress.add_task(f"Reading {path.name}", total=path.stat().st_size)
    with open_text(path) as (text, raw):
        for i, row in enumerate(read_rows(text, path.name)):
            if row.problem:
                wrong, first = wrong + 1, first or f"line {row.line}: {row.problem}"
                continue
            recording.add(row.time, row.account, row.user, row.behavior, row.properties)
            if i % _CHUNK == 0:
                progress.update(task, completed=raw.tell())
    progress.update(task, completed=path.stat().st_size)
    if wrong:
        errors.print(f"{wrong:,} rows can't be read and are left out; the first is {first}", markup=False)
    if not len(recording):
        raise FileError(f"{path.name} holds no event of an account; nothing was written.")
    return recording


def traits_of(path: Path) -> dict[str, Mapping[str, Any]]:
    """Every account's row; the traits that are numbers are made such."""
    with open_text(path) as (text, _):
        rows: Iterable[dict[str, Any]] = (
            csv.DictReader(text) if ".csv" in path.suffixes else map(msgspec.json.decode, filter(str.strip, text))
        )
        try:
            return {row["account"]: {k: float(v) if k in NUMERIC and v else v for k, v in row.items()} for row in rows}
        except (KeyError, ValueError, TypeError, msgspec.DecodeError) as error:
            raise FileError(
                f"{path.name} needs a column account, and numbers in {', '.join(NUMERIC)}: {error}."
            ) from error


def outcomes_of(path: Path) -> list[Outcome]:
    """What accounts decided, from a CSV with account, outcome and date."""
    with open_text(path) as (text, _):
        try:
            return [
                Outcome(r["account"], r["outcome"], date.fromisoformat(r["date"][:10])) for r in csv.DictReader(text)
            ]
        except (KeyError, ValueError, TypeError) as error:
            raise FileError(f"{path.name} needs the columns account, outcome and date (ISO): {error}.") from error


def bar() -> Progress:
    """How far a long work is, on a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    return Progress(*columns, console=errors, disable=not errors.is_terminal)

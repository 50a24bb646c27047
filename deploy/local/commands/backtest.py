"""`ebbtide backtest`: what would have been told, had the product run over recorded events."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import msgspec
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from typer import Option

from api.bulk import NUMERIC
from deploy.local.console import errors, output
from deploy.local.importing.errors import FileError
from deploy.local.importing.rows import open_text, read_rows
from schemas.behaviors import Definition, parse
from streams.backtest import Alert, Outcome, Warned, against, backtest, by_kind_and_segment
from streams.evaluating.recording import Recording
from streams.evaluating.world import World

_CHUNK = 20_000


def command(
    events: Annotated[Path, Option(exists=True, dir_okay=False, help="CSV or NDJSON; plain, .gz or .zst.")],
    out: Annotated[Path, Option(dir_okay=False, help="Where the alerts go, one a line.")],
    accounts: Annotated[Path | None, Option(exists=True, dir_okay=False, help="Accounts' traits.")] = None,
    behaviors: Annotated[Path | None, Option(exists=True, dir_okay=False, help="behaviors.yaml.")] = None,
    budget: Annotated[float, Option(min=0.001, help="False alerts a year and account.")] = 0.5,
    outcomes: Annotated[Path | None, Option(exists=True, dir_okay=False, help="CSV: account, outcome, date.")] = None,
) -> None:
    """Tell what would have been told, had the product run over recorded events. Needs no server.

    Example: ebbtide backtest --events events.csv.zst --accounts accounts.csv --budget 0.5 --out alerts.ndjson

    Columns of events: time, account, user, behavior. Outcomes are churned, contracted, renewed or expanded; the date
    is the day the customer decided.

    Exit codes: 0 done, 2 a file can't be read.
    """
    decided = _outcomes(outcomes) if outcomes else []
    traits = _traits(accounts) if accounts else {}
    with _bar() as progress:
        recording = _record(events, parse(behaviors.read_text(), behaviors.name) if behaviors else (), progress)
        folding = progress.add_task("Folding days", total=None)
        world, alerts = backtest(
            recording, traits, budget, lambda done, days: progress.update(folding, completed=done, total=days)
        )
    _write(out, alerts)
    _show(world, alerts, recording)
    if outcomes:
        _show_warned(against(alerts, decided))


def _record(path: Path, declared: Sequence[Definition], progress: Progress) -> Recording:
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


def _traits(path: Path) -> dict[str, Mapping[str, Any]]:
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


def _outcomes(path: Path) -> list[Outcome]:
    with open_text(path) as (text, _):
        try:
            return [
                Outcome(r["account"], r["outcome"], date.fromisoformat(r["date"][:10])) for r in csv.DictReader(text)
            ]
        except (KeyError, ValueError, TypeError) as error:
            raise FileError(f"{path.name} needs the columns account, outcome and date (ISO): {error}.") from error


def _write(path: Path, alerts: Sequence[Alert]) -> None:
    draft = path.with_name(path.name + ".draft")
    draft.write_bytes(b"".join(msgspec.json.encode(alert) + b"\n" for alert in alerts))
    draft.replace(path)


def _show(world: World, alerts: Sequence[Alert], recording: Recording) -> None:
    begin, end = recording.span
    weeks = max((end - begin) / 604_800_000, 1)
    output.print(f"{len(recording):,} events of {len(world.accounts):,} accounts over {weeks:.0f} weeks.")
    if recording.homeless:
        output.print(f"{recording.homeless:,} events name no account and are left out.")
    output.print(f"{len(alerts):,} alerts, {len(alerts) / weeks:.1f} a week.")
    table = Table("kind", "segment", "alerts", "a week", box=None, padding=(0, 2, 0, 0))
    for (kind, segment), count in sorted(by_kind_and_segment(world, alerts).items()):
        table.add_row(kind, segment, f"{count:,}", f"{count / weeks:.2f}")
    output.print(table)


def _show_warned(warned: Warned) -> None:
    days = f", the median {warned.warning:.0f} days before the decision" if warned.warning is not None else ""
    output.print(
        f"Of {warned.lost:,} that were lost, {len(warned.days):,} were flagged{days}; {warned.false:,} false alarms."
    )
    output.print(f"Recall {warned.recall:.0%}, precision {warned.precision:.0%}.")


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    return Progress(*columns, console=errors, disable=not errors.is_terminal)

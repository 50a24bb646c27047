"""`ebbtide import`: events from a file."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from typer import Argument, Option

from deploy.local.addresses import addresses_of
from deploy.local.api import Api
from deploy.local.console import errors, output, say
from deploy.local.importing.collector import Collector
from deploy.local.importing.journal import Journal, state_folder
from deploy.local.importing.payloads import import_id_of
from deploy.local.importing.rows import open_text, read_rows
from deploy.local.importing.run import Summary, run
from deploy.local.importing.settling import history_offsets, wait_until_evaluated
from deploy.local.signals import Stopped, raising
from deploy.settings import LocalSettings
from schemas.clock import to_datetime

_SHOWN = 20
_Existing = Annotated[Path, Argument(exists=True, dir_okay=False, help="CSV or NDJSON; plain, .gz or .zst.")]


class Target(msgspec.Struct, frozen=True):
    """Where events and traits go, and where progress is kept."""

    collector: str
    write_key: str
    api: str
    api_key: str
    state: Path


def command(  # noqa: PLR0913, PLR0917 - every option is one argument
    file: _Existing,
    accounts: Annotated[Path | None, Option(exists=True, dir_okay=False, help="CSV of account traits.")] = None,
    data: Annotated[Path | None, Option(help="The folder of the instance.")] = None,
    collector: Annotated[str, Option(help="A collector, in place of an instance's.")] = "",
    write_key: Annotated[str, Option(envvar="EBBTIDE_WRITE_KEY", help="Its key.")] = "",
    api: Annotated[str, Option(help="An API, in place of an instance's.")] = "",
    api_key: Annotated[str, Option(envvar="EBBTIDE_API_KEY", help="Its key.")] = "",
    wait: Annotated[bool, Option(help="Wait until all of it is counted and evaluated.")] = True,
    as_json: Annotated[bool, Option("--json", help="Print the summary as one line of JSON.")] = False,
) -> None:
    """Import events as history: they are evaluated in their own order, and nobody is notified.

    Example: ebbtide import activity.csv.zst --accounts accounts.csv

    Columns: time, behavior, and account or user; any other is a property. Importing a file twice changes nothing; an
    interrupted import goes on where it stopped when it is run again.

    Exit codes: 0 all rows were accepted, 1 nothing was imported, 2 wrong usage, 3 some rows were rejected, 130 stopped.
    """
    target = _target(data, collector, write_key, api, api_key)
    try:
        with raising(), Api(target.api, target.api_key) as client:
            if accounts:
                done = client.send("/v1/accounts:import", accounts.read_bytes(), "text/csv")
                say(f"{done['accounts']:,} accounts have their traits ({done['facts']:,} new facts).")
            before = history_offsets(client) if wait else {}
            summary = _import(file, target)
            if wait and summary.accepted:
                with errors.status("Counting …") as status:
                    wait_until_evaluated(client, before, status.update)
    except Stopped as stopped:
        say("Stopped. What was accepted is kept; run the same command again to go on from there.")
        raise typer.Exit(130) from stopped
    if as_json:
        print(msgspec.json.encode(summary).decode())  # noqa: T201 - for scripts
    else:
        _show(summary)
    raise typer.Exit(1 if not summary.accepted else 3 if summary.refused else 0)


def _target(data: Path | None, collector: str, write_key: str, api: str, api_key: str) -> Target:
    if collector and api:
        if not (write_key and api_key):
            raise typer.BadParameter("--collector and --api need --write-key and --api-key.")
        return Target(collector, write_key, api, api_key, state_folder(None))
    found = addresses_of(data)
    state = state_folder((data or LocalSettings.load().data).absolute())
    return Target(
        collector or found.collector, write_key or found.write_key, api or found.api, api_key or found.api_key, state
    )


def _import(file: Path, target: Target) -> Summary:
    import_id = import_id_of(file)
    journal = Journal(target.state / f"{import_id}.json")
    if journal.progress.line:
        say(f"Going on after line {journal.progress.line:,}.")
    with open_text(file) as (text, raw), _bar(f"Importing {file.name}", file.stat().st_size) as progress:
        task, rows = progress.task_ids[0], 0

        def seen(n: int) -> None:
            nonlocal rows
            rows += n
            progress.update(task, completed=raw.tell(), rows=f"{rows:,} rows")

        with Collector(target.collector, target.write_key, import_id, waiting=say) as collector:
            return run(read_rows(text, file.name), collector, journal, seen)


@contextmanager
def _bar(title: str, total: float = 1.0) -> Iterator[Progress]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rows]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=errors, disable=not errors.is_terminal) as progress:
        progress.add_task(title, total=total, rows="")
        yield progress


def _show(summary: Summary) -> None:
    output.print(f"{summary.rows:,} rows: {summary.accepted:,} accepted, {summary.refused:,} rejected.")
    if summary.first is not None and summary.last is not None:
        first, last = (f"{to_datetime(ms):%Y-%m-%d %H:%M}" for ms in (summary.first, summary.last))
        output.print(f"{summary.accounts:,} accounts, {summary.users:,} users, from {first} to {last} UTC.")
    for one in summary.rejected[:_SHOWN]:
        output.print(f"  line {one.line:,}: {one.message} ({one.code})", markup=False)
    if summary.refused > _SHOWN:
        output.print(f"  and {summary.refused - _SHOWN:,} more; --json lists up to a thousand.")

"""`ebbtide status`: what runs, where, and whether it is ready."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from typer import Option

from deploy.local.console import output
from deploy.local.errors import RunningError
from deploy.local.probes import is_ready
from deploy.local.processes import records
from deploy.settings import LocalSettings


def command(
    data: Annotated[Path | None, Option(help="The folder of the instance.")] = None,
    as_json: Annotated[bool, Option("--json", help="Print one line of JSON.")] = False,
) -> None:
    """Show the parts of the instance in a folder: process, port, readiness, restarts.

    Example: ebbtide status --data /var/lib/ebbtide --json

    Exit codes: 0 every part is ready, 1 some part is not, 3 nothing runs.
    """
    home = (data or LocalSettings.load().data).absolute()
    parts = [_part(home, name, record) for name, record in records(home) if name != "supervisor"]
    if not any(part["alive"] for part in parts):
        raise RunningError(f"Nothing runs in {home}. `ebbtide up --data {home}` starts it.")
    if as_json:
        print(json.dumps({"data": str(home), "parts": parts}))  # noqa: T201 - for scripts
    else:
        output.print(_table(parts))
    raise typer.Exit(0 if all(part["ready"] for part in parts) else 1)


def _part(home: Path, name: str, record: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "pid": record["pid"],
        "alive": record["alive"],
        "ready": record["alive"] and is_ready(record["probe"]),
        "address": record["probe"],
        "restarts": record["restarts"],
        "log": str(home / "logs" / f"{name}.log"),
    }


def _table(parts: list[dict[str, Any]]) -> Table:
    table = Table("part", "state", "pid", "restarts", "address", "log", box=None)
    for part in parts:
        state = "ready" if part["ready"] else "not ready" if part["alive"] else "down"
        table.add_row(part["name"], state, str(part["pid"]), str(part["restarts"]), part["address"], part["log"])
    return table

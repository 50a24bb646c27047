"""`ebbtide key`: who may send events and use the API."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from typer import Option

from deploy.local.addresses import addresses_of
from deploy.local.console import output, say
from schemas.database import engine as engines
from schemas.database.keys import create_key, list_keys, revoke_key, rotate_key
from schemas.database.sessions import Database
from schemas.database.workspaces import create_workspace
from schemas.errors import NotFoundError
from schemas.keys import Scope

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Create, list, rotate and revoke keys.")

Data = Annotated[Path | None, Option(help="The folder of the instance.")]
DatabaseUrl = Annotated[str, Option(help="The database, in place of an instance's.")]
Workspace = Annotated[str, Option(help="The workspace; made when it is missing.")]
Number = Annotated[int, typer.Argument(help="The key's id, as `ebbtide key list` shows it.")]
AsJson = Annotated[bool, Option("--json", help="Print one line of JSON.")]


@app.command()
def create(
    scope: Annotated[list[Scope], Option(help="What the key may do; give it again for more.")],
    name: Annotated[str, Option(help="A name to know it by.")] = "default",
    per_second: Annotated[
        float | None, Option(min=0.001, help="Events (collector) or requests (API) a second, instead of the setting.")
    ] = None,
    workspace: Workspace = "default",
    data: Data = None,
    database_url: DatabaseUrl = "",
    as_json: AsJson = False,
) -> None:
    """Create a key and show it, once.

    Example: ebbtide key create --scope ingest --name website

    Exit codes: 0 created, 1 the database does not answer, 2 wrong usage, 3 nothing runs.
    """
    with _database(data, database_url) as database:
        number = create_workspace(database.engine, workspace)
        secret = create_key(database.engine, number, scope, name, per_second=per_second)
    if as_json:
        print(json.dumps({"key": secret, "name": name, "scopes": scope, "workspace": workspace}))  # noqa: T201
    else:
        print(secret)  # noqa: T201 - so that a script can read it
        say("Keep it: nothing can show it again.")


@app.command("list")
def list_(
    workspace: Workspace = "default", data: Data = None, database_url: DatabaseUrl = "", as_json: AsJson = False
) -> None:
    """List a workspace's keys, without their secrets.

    Example: ebbtide key list --json
    """
    with _database(data, database_url) as database:
        number = create_workspace(database.engine, workspace)
        with database.reading() as connection:
            keys = list_keys(connection, number)
    if as_json:
        print(json.dumps(keys, default=str))  # noqa: T201
        return
    table = Table(*("id", "name", "key", "scopes", "created", "last used", "ends"), box=None)
    for column in table.columns:
        column.no_wrap = True
    for key in keys:
        table.add_row(*(_cell(key[column]) for column in _COLUMNS))
    output.print(table)


@app.command()
def rotate(
    key: Number,
    overlap: Annotated[int, Option(min=0, help="Hours in which the old key goes on beside the new one.")] = 24,
    workspace: Workspace = "default",
    data: Data = None,
    database_url: DatabaseUrl = "",
    as_json: AsJson = False,
) -> None:
    """Make a key in another's place and show it, once; both work until the overlap is over.

    Example: ebbtide key rotate 3 --overlap 48

    Exit codes: 0 made, 1 there is no such valid key, or it is ending already.
    """
    with _database(data, database_url) as database:
        number = create_workspace(database.engine, workspace)
        with database.writing() as connection:
            made = rotate_key(connection, number, key, timedelta(hours=overlap))
    if as_json:
        print(json.dumps({"key": made.secret, "name": made.name, "scopes": made.scopes, "rotated": key}))  # noqa: T201
    else:
        print(made.secret)  # noqa: T201 - so that a script can read it
        say(f"Keep it: nothing can show it again. Key {key} works for {overlap} hours more.")


@app.command()
def revoke(
    key: Number,
    workspace: Workspace = "default",
    data: Data = None,
    database_url: DatabaseUrl = "",
    as_json: AsJson = False,
) -> None:
    """End a key; every process notices within 5 seconds.

    Example: ebbtide key revoke 3

    Exit codes: 0 revoked, 1 there is no such valid key.
    """
    with _database(data, database_url) as database:
        number = create_workspace(database.engine, workspace)
        with database.writing() as connection:
            done = revoke_key(connection, number, key)
    if not done:
        raise NotFoundError(f"Workspace {workspace} has no valid key {key}; `ebbtide key list` shows them.")
    if as_json:
        print(json.dumps({"revoked": key}))  # noqa: T201
    else:
        say(f"Key {key} is revoked.")


_COLUMNS = ("id", "name", "prefix", "scopes", "recorded_at", "last_used_at", "revoked_at")


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(value)
    return "" if value is None else f"{value:%Y-%m-%d %H:%M}" if hasattr(value, "hour") else str(value)


@contextmanager
def _database(data: Path | None, url: str) -> Iterator[Database]:
    database = Database(engines.create(url or addresses_of(data).database, pool=1, application="ebbtide key"))
    try:
        with database.reading():
            pass  # says in our own words where it does not answer
        yield database
    finally:
        database.close()

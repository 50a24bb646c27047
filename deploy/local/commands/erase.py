"""`ebbtide erase`: takes a person out of everything but the counts."""

import json
import secrets
from pathlib import Path
from typing import Annotated

import typer
from typer import Option

from deploy.local.addresses import addresses_of
from deploy.local.console import say
from schemas.clock import to_datetime, wall_ms
from schemas.database import engine as engines
from schemas.database.erasing import erase
from schemas.database.sessions import Database
from schemas.database.workspaces import number_of


def command(
    user: Annotated[str, typer.Argument(help="Any id of the person; all that are joined to it go too.")],
    workspace: Annotated[str, Option(help="The workspace.")] = "default",
    data: Annotated[Path | None, Option(help="The folder of the instance.")] = None,
    database_url: Annotated[str, Option(help="The database, in place of an instance's.")] = "",
    as_json: Annotated[bool, Option("--json", help="Print one line of JSON.")] = False,
) -> None:
    """Erase a person: ids, facts, refused events, and where alerts and messages name them. Counts stay, as nobody's.

    Example: ebbtide erase ada@example.com

    Exit codes: 0 erased, 1 there is no such workspace or the database does not answer, 2 wrong usage, 3 nothing runs.
    """
    database = Database(
        engines.create(database_url or addresses_of(data).database, pool=1, application="ebbtide erase")
    )
    try:
        with database.writing() as connection:
            number = number_of(connection, workspace)
            receipt = secrets.token_hex(8)
            done = erase(connection, number, user, "ebbtide erase", receipt, to_datetime(wall_ms()))
    finally:
        database.close()
    if as_json:
        print(json.dumps(done, default=str))  # noqa: T201
        return
    counts = ", ".join(f"{value} {name}" for name, value in done.items() if isinstance(value, int))
    say(
        f"Erased ({counts}); receipt {done['receipt']}. "
        f"Kafka holds what was sent until {done['topics_until']:%Y-%m-%d}."
    )

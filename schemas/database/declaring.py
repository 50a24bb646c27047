"""Who declares behaviors: `behaviors.yaml` for every workspace, the API for one. The file has the last word.

What the file names is the file's, even where the API named it first, and the API refuses to change it; what only the
API names stays when the file changes. A definition that counts other events than before gets a number of its own, and
takes its name over once its past is built.
"""

from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, insert, select, update

from schemas.behaviors import Definition
from schemas.database.definitions import API, FILE, Registered, lock, registered
from schemas.database.sessions import Database
from schemas.database.tables import behaviors, workspaces
from schemas.errors import ConflictError, NotFoundError

_SHOWN = ("behavior", "definition", "automatic", "source", "state", "effective_from", "recorded_at")


def list_behaviors(connection: Connection, workspace: int) -> list[dict[str, Any]]:
    """Every behavior that is counted or being built, by name."""
    query = (
        select(*(behaviors.c[name] for name in _SHOWN))
        .where(behaviors.c.workspace == workspace, behaviors.c.state != "retired")
        .order_by(behaviors.c.behavior, behaviors.c.number)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def register(database: Database, definitions: Sequence[Definition]) -> None:
    """Makes the file's behaviors of every workspace these ones."""
    names = {definition.name for definition in definitions}
    with database.writing() as connection:
        for workspace in connection.scalars(select(workspaces.c.id).order_by(workspaces.c.id)).all():
            lock(connection, workspace)
            known = _known(connection, workspace)
            kept = {number for one in definitions for number in _declare(connection, workspace, known, one, FILE)}
            ours = [one for one in known if one.source == FILE or one.definition.name in names]
            _retire(connection, workspace, [one.number for one in ours if one.number not in kept])


def declare(connection: Connection, workspace: int, definition: Definition) -> dict[str, Any]:
    """Declares one behavior by API; as it is shown then. Raises ConflictError where the file declares it."""
    lock(connection, workspace)
    known = _named(connection, workspace, definition.name)
    kept = _declare(connection, workspace, known, definition, API)
    _retire(connection, workspace, [one.number for one in known if one.number not in kept])
    return [row for row in list_behaviors(connection, workspace) if row["behavior"] == definition.name][-1]


def withdraw(connection: Connection, workspace: int, name: str) -> None:
    """Ends a behavior that the API declared. Raises ConflictError where it is the file's, NotFoundError without one."""
    lock(connection, workspace)
    known = _named(connection, workspace, name)
    if not known:
        raise NotFoundError(f"No behavior {name!r} is declared in this workspace; automatic ones can't be deleted.")
    _retire(connection, workspace, [one.number for one in known])


def _known(connection: Connection, workspace: int) -> list[Registered]:
    return [one for one in registered(connection) if one.workspace == workspace]


def _named(connection: Connection, workspace: int, name: str) -> list[Registered]:
    known = [one for one in _known(connection, workspace) if one.definition.name == name]
    if any(one.source == FILE for one in known):
        raise ConflictError(f"Behavior {name!r} is declared in behaviors.yaml, which rules; change it there.")
    return known


def _declare(
    connection: Connection, workspace: int, known: Sequence[Registered], definition: Definition, source: str
) -> set[int]:
    """Stores a definition; the numbers its name is counted under: the one to be, and until then the active one."""
    named = [one for one in known if one.definition.name == definition.name]
    same = [one for one in named if one.definition.matched == definition.matched][-1:]
    if same:
        _store(connection, same[0], definition, source)
    else:
        _build(connection, workspace, definition, source)
    return {one.number for one in named if one.active} | {one.number for one in same}


def _store(connection: Connection, one: Registered, definition: Definition, source: str) -> None:
    """Takes over what does not decide which events count."""
    connection.execute(
        update(behaviors)
        .where(behaviors.c.workspace == one.workspace, behaviors.c.number == one.number)
        .where((behaviors.c.definition != msgspec.to_builtins(definition)) | (behaviors.c.source != source))
        .values(definition=msgspec.to_builtins(definition), source=source)
    )


def _build(connection: Connection, workspace: int, definition: Definition, source: str) -> None:
    counter = workspaces.c.next_behavior
    reserved = update(workspaces).where(workspaces.c.id == workspace).values({counter: counter + 1}).returning(counter)
    row = {
        "workspace": workspace,
        "number": int(connection.execute(reserved).scalar_one()) - 1,
        "behavior": definition.name,
        "definition": msgspec.to_builtins(definition),
        "automatic": False,
        "source": source,
        "state": "building",
    }
    connection.execute(insert(behaviors).values(row))


def _retire(connection: Connection, workspace: int, numbers: Collection[int]) -> None:
    connection.execute(
        update(behaviors)
        .where(behaviors.c.workspace == workspace, behaviors.c.number.in_(numbers))
        .values(state="retired")
    )

"""Declared behaviors in the database: registered under numbers, rebuilt from the topics, switched when whole."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from schemas.behaviors import Definition
from schemas.database.copying import copy_windows
from schemas.database.fold import mark_late
from schemas.database.rows import Late
from schemas.database.sessions import Database
from schemas.database.tables import behaviors, offsets, rebuilds, workspaces
from schemas.errors import FencedError

Key = tuple[int, int]  # topic, partition
_KEPT = ("building", "active")


class Registered(NamedTuple):
    """A declared behavior: since which offset the live fold counts it, and how far what lies before is read again."""

    workspace: int
    number: int
    definition: Definition
    active: bool
    since: dict[Key, int]
    rebuilt: dict[Key, int]


def register(database: Database, definitions: Sequence[Definition]) -> None:
    """Makes the declared behaviors of every workspace these ones: what matches anew gets a number and is built."""
    with database.writing() as connection:
        for workspace in connection.scalars(select(workspaces.c.id).order_by(workspaces.c.id)).all():
            connection.execute(select(workspaces.c.id).where(workspaces.c.id == workspace).with_for_update())
            _register(connection, workspace, definitions)


def registered(connection: Connection) -> list[Registered]:
    """Every declared behavior that is counted."""
    spans: dict[tuple[int, int], tuple[dict[Key, int], dict[Key, int]]] = {}
    for row in connection.execute(select(rebuilds)):
        since, rebuilt = spans.setdefault((row.workspace, row.behavior), ({}, {}))
        since[row.topic, row.partition], rebuilt[row.topic, row.partition] = row.since, row.next_offset
    query = (
        select(behaviors)
        .where(~behaviors.c.automatic, behaviors.c.state.in_(_KEPT))
        .order_by(behaviors.c.workspace, behaviors.c.number)
    )
    return [
        Registered(
            row.workspace,
            row.number,
            msgspec.convert(row.definition, Definition),
            row.state == "active",
            *spans.get((row.workspace, row.number), ({}, {})),
        )
        for row in connection.execute(query)
    ]


def begin(database: Database, one: Registered, positions: Mapping[Key, int]) -> None:
    """Notes that the live fold counts a behavior from these offsets on; raises FencedError where they have moved."""
    with database.writing() as connection:
        for (topic, partition), since in sorted(positions.items()):
            of = (offsets.c.topic == topic, offsets.c.partition == partition)
            if connection.scalar(select(offsets.c.next_offset).where(*of).with_for_update()) != since:
                raise FencedError(f"Partition {partition} of topic {topic} was moved on by another worker.")
            row = {"workspace": one.workspace, "behavior": one.number, "topic": topic, "partition": partition}
            connection.execute(upsert(rebuilds).values(**row, since=since, next_offset=0).on_conflict_do_nothing())


def advance(
    database: Database, one: Registered, key: Key, expected: int, reached: int, windows: bytes, late: Sequence[Late]
) -> None:
    """Adds a stretch of a behavior's past, or raises FencedError: another worker did it."""
    with database.writing() as connection:
        if windows:
            copy_windows(connection, windows)
        mark_late(connection, late)
        done = connection.execute(
            update(rebuilds)
            .where(rebuilds.c.workspace == one.workspace, rebuilds.c.behavior == one.number)
            .where(rebuilds.c.topic == key[0], rebuilds.c.partition == key[1], rebuilds.c.next_offset == expected)
            .values(next_offset=reached)
        )
        if done.rowcount != 1:
            raise FencedError(f"The past of {one.definition.name!r} is being built by another worker, too.")


def activate(database: Database, one: Registered) -> bool:
    """Switches to a behavior whose past is whole; what went by its name before is retired in the same transaction."""
    with database.writing() as connection:
        connection.execute(select(workspaces.c.id).where(workspaces.c.id == one.workspace).with_for_update())
        of = (rebuilds.c.workspace == one.workspace, rebuilds.c.behavior == one.number)
        whole = connection.scalar(select(func.count()).where(*of, rebuilds.c.next_offset >= rebuilds.c.since))
        partitions = connection.scalar(select(func.count()).select_from(offsets).where(offsets.c.topic < 2))
        if whole != partitions:
            return False
        mine = behaviors.c.workspace == one.workspace
        connection.execute(
            update(behaviors)
            .where(mine, behaviors.c.behavior == one.definition.name, behaviors.c.number != one.number)
            .where(behaviors.c.state == "active")
            .values(state="retired")
        )
        connection.execute(
            update(behaviors)
            .where(mine, behaviors.c.number == one.number)
            .values(state="active", effective_from=func.now())
        )
    return True


def _register(connection: Connection, workspace: int, definitions: Sequence[Definition]) -> None:
    known = [one for one in registered(connection) if one.workspace == workspace]
    kept = set()
    for definition in definitions:
        named = [one for one in known if one.definition.name == definition.name]
        same = [one for one in named if one.definition.matched == definition.matched]
        kept |= {one.number for one in named if one.active} | {one.number for one in same[-1:]}
        if same:
            _store(connection, same[-1], definition)
        else:
            _build(connection, workspace, definition)
    gone = [one.number for one in known if one.number not in kept]
    connection.execute(
        update(behaviors)
        .where(behaviors.c.workspace == workspace, behaviors.c.number.in_(gone))
        .values(state="retired")
    )


def _store(connection: Connection, one: Registered, definition: Definition) -> None:
    """Takes over what does not decide which events count."""
    connection.execute(
        update(behaviors)
        .where(behaviors.c.workspace == one.workspace, behaviors.c.number == one.number)
        .where(behaviors.c.definition != msgspec.to_builtins(definition))
        .values(definition=msgspec.to_builtins(definition))
    )


def _build(connection: Connection, workspace: int, definition: Definition) -> None:
    counter = workspaces.c.next_behavior
    reserved = update(workspaces).where(workspaces.c.id == workspace).values({counter: counter + 1}).returning(counter)
    number = int(connection.execute(reserved).scalar_one()) - 1
    row = {"workspace": workspace, "number": number, "behavior": definition.name, "state": "building"}
    connection.execute(insert(behaviors).values(**row, automatic=False, definition=msgspec.to_builtins(definition)))

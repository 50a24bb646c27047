"""Declared behaviors in the database: which are counted, rebuilt from the topics, switched to when whole."""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from schemas.behaviors import Definition
from schemas.database.copying import copy_added
from schemas.database.lateness import mark_late
from schemas.database.partitions import Position
from schemas.database.rows import Added
from schemas.database.sessions import Database
from schemas.database.tables import behaviors, offsets, rebuilds, workspaces
from schemas.errors import FencedError

Key = tuple[int, int]  # topic, partition
_KEPT = ("building", "active")
FILE, API = "file", "api"  # who declared it


class Registered(NamedTuple):
    """A declared behavior: by whom, since which offsets it is counted live, how far what lies before is read again."""

    workspace: int
    number: int
    definition: Definition
    active: bool
    source: str
    since: dict[Key, int]
    rebuilt: dict[Key, int]


def lock(connection: Connection, workspace: int) -> None:
    """Until the transaction ends, nobody else changes what the workspace declares."""
    connection.execute(select(workspaces.c.id).where(workspaces.c.id == workspace).with_for_update())


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
            row.source or FILE,
            *spans.get((row.workspace, row.number), ({}, {})),
        )
        for row in connection.execute(query)
    ]


def begin(database: Database, one: Registered, held: Mapping[Key, Position]) -> dict[Key, Position]:
    """Notes that the live fold counts a behavior from these positions on, and gives them back as they are then.

    It moves their versions on: a worker that took one over without knowing of the behavior is fenced, and reads anew.
    Raises FencedError where one has moved.
    """
    with database.writing() as connection:
        for (topic, partition), at in sorted(held.items()):
            of = (offsets.c.topic == topic, offsets.c.partition == partition, offsets.c.version == at.version)
            if connection.execute(update(offsets).where(*of).values(version=at.version + 1)).rowcount != 1:
                raise FencedError(f"Partition {partition} of topic {topic} was moved on by another worker.")
            row = {"workspace": one.workspace, "behavior": one.number, "topic": topic, "partition": partition}
            begun = upsert(rebuilds).values(**row, since=at.next_offset, next_offset=0)
            connection.execute(begun.on_conflict_do_nothing())
    return {key: at._replace(version=at.version + 1) for key, at in held.items()}


def advance(database: Database, one: Registered, key: Key, expected: int, reached: int, added: Added) -> None:
    """Adds a stretch of a behavior's past, or raises FencedError: another worker did it."""
    with database.writing() as connection:
        copy_added(connection, added)
        mark_late(connection, added.late)
        done = connection.execute(
            update(rebuilds)
            .where(rebuilds.c.workspace == one.workspace, rebuilds.c.behavior == one.number)
            .where(rebuilds.c.topic == key[0], rebuilds.c.partition == key[1], rebuilds.c.next_offset == expected)
            .values(next_offset=reached)
        )
        if done.rowcount != 1:
            raise FencedError(f"The past of {one.definition.name!r} is being built by another worker, too.")


def is_whole(connection: Connection, one: Registered) -> bool:
    """Whether a behavior's past was read again in every partition."""
    of = (rebuilds.c.workspace == one.workspace, rebuilds.c.behavior == one.number)
    whole = connection.scalar(select(func.count()).where(*of, rebuilds.c.next_offset >= rebuilds.c.since))
    partitions = connection.scalar(select(func.count()).select_from(offsets).where(offsets.c.topic < 2))
    return bool(whole == partitions)


def activate(database: Database, one: Registered) -> bool:
    """Switches to a behavior whose past is whole; what went by its name before is retired in the same transaction."""
    with database.writing() as connection:
        lock(connection, one.workspace)
        if not is_whole(connection, one):
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

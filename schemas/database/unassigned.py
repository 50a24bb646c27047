"""Events that wait for their user's account, and their way into windows once it is known."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, select, tuple_
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA

from schemas.clock import to_ms
from schemas.database.copying import copy_added
from schemas.database.lateness import mark_late
from schemas.database.people import put_signals
from schemas.database.rows import Added, SignalFact, Unassigned
from schemas.database.sessions import Database
from schemas.database.tables import memberships, unassigned, users
from schemas.errors import FencedError

_KEY = (unassigned.c.topic, unassigned.c.partition)


def resolvable(connection: Connection, partitions: Sequence[tuple[int, int]], limit: int) -> list[Unassigned]:
    """Waiting events of these (topic, partition) whose user, by any of the person's ids, belongs to an account now."""
    asked, kin = users.alias("asked"), users.alias("kin")
    own = select(memberships.c.workspace, memberships.c.user)
    kins = (
        select(asked.c.workspace, asked.c.number)
        .join(kin, (kin.c.workspace == asked.c.workspace) & (kin.c.person == asked.c.person))
        .join(memberships, (memberships.c.workspace == kin.c.workspace) & (memberships.c.user == kin.c.number))
        .where(asked.c.person.is_not(None))
    )
    known = tuple_(unassigned.c.workspace, unassigned.c.user).in_(own.union_all(kins))
    columns = [unassigned.c[name] for name in Unassigned._fields]
    query = select(*columns).where(tuple_(*_KEY).in_(partitions), known).limit(limit)
    return [
        Unassigned(
            row.topic, row.partition, bytes(row.id_hash), row.workspace, row.user, to_ms(row.time), bytes(row.event)
        )
        for row in connection.execute(query)
    ]


def waiting_ids(connection: Connection, topic: int, partition: int) -> list[bytes]:
    """The id hashes of all that wait in a partition."""
    query = select(unassigned.c.id_hash).where(unassigned.c.topic == topic, unassigned.c.partition == partition)
    return [bytes(row) for row in connection.scalars(query)]


def settle(database: Database, rows: Sequence[Unassigned], added: Added, signals: Sequence[SignalFact]) -> None:
    """Counts waiting events and lets them go, or raises FencedError and does neither: the deletion is the fence."""
    with database.writing() as connection:
        copy_added(connection, added)
        gone = 0
        for key in sorted({row[:2] for row in rows}):
            ids = [row.id_hash for row in rows if row[:2] == key]
            gone += _delete(connection, key, ids)
        if gone != len(rows):
            raise FencedError(f"{len(rows) - gone} waiting events were settled by another worker; nothing was kept.")
        put_signals(connection, signals)
        mark_late(connection, added.late)


def _delete(connection: Connection, key: tuple[int, int], ids: list[bytes]) -> int:
    of: Any = func.any(bindparam("ids", ids, ARRAY(BYTEA)))
    done = connection.execute(
        delete(unassigned).where(_KEY[0] == key[0], _KEY[1] == key[1], unassigned.c.id_hash == of)
    )
    return done.rowcount

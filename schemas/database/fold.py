"""The fold's one transaction, and what a partition's new owner reads before it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, exists, func, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert

from schemas.accounts import AccountRow
from schemas.clock import to_datetime
from schemas.database import copying
from schemas.database.facts import put_accounts
from schemas.database.identities import put_aliases
from schemas.database.lateness import mark_late
from schemas.database.people import put_memberships, put_signals, put_users
from schemas.database.rows import (
    Added,
    Alias,
    Closing,
    CountedIds,
    Joined,
    Late,
    Moved,
    Refused,
    SignalFact,
    Stray,
    Unassigned,
    UserFact,
)
from schemas.database.sessions import Database
from schemas.database.strays import put_strays, take_in
from schemas.database.tables import imports, offsets, progress, rejected, unassigned
from schemas.errors import FencedError
from schemas.topics import HISTORY, TOPIC_CODES


@dataclass
class Write:
    """Everything a micro-batch changes; `came_home` are the ids of strays that are counted now."""

    moved: list[Moved] = field(default_factory=list)
    added: Added = field(default_factory=Added)
    ids: list[CountedIds] = field(default_factory=list)
    strays: list[Stray] = field(default_factory=list)
    came_home: list[int] = field(default_factory=list)
    accounts: dict[int, list[AccountRow]] = field(default_factory=dict)
    users: list[UserFact] = field(default_factory=list)
    joined: list[Joined] = field(default_factory=list)
    aliases: list[Alias] = field(default_factory=list)
    signals: list[SignalFact] = field(default_factory=list)
    unassigned: list[Unassigned] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    closings: list[Closing] = field(default_factory=list)


def commit(database: Database, write: Write, now: int) -> None:
    """Writes all of it and moves the offsets, or raises FencedError and writes nothing.

    What takes no lock comes first; offsets come last, in order, so that a worker that stops half-way holds nothing that
    its successor needs.
    """
    ids = copying.ids_data(write.ids)
    with database.writing() as connection:
        copying.copy_added(connection, write.added)
        if write.ids:
            copying.copy_ids(connection, ids)
        put_strays(connection, write.strays)
        take_in(connection, write.came_home)
        write_refused(connection, write.refused)
        _write_unassigned(connection, write.unassigned)
        for workspace in sorted(write.accounts):
            put_accounts(connection, workspace, write.accounts[workspace], to_datetime(now))
        put_aliases(connection, write.aliases)
        put_users(connection, write.users)
        put_memberships(connection, write.joined)
        put_signals(connection, write.signals)
        _close(connection, write.closings)
        mark_late(connection, write.added.late)
        if write.came_home:
            _close_again(connection, write.added.late)
        _move(connection, write.moved)


def write_refused(connection: Connection, rows: Sequence[Refused]) -> None:
    """Keeps what can't be counted, once for each record and position."""
    _insert(
        connection,
        rejected,
        [
            {
                "workspace": row.workspace,
                "stage": row.stage,
                "field": row.field or None,
                "message_id": row.message_id or None,
                "topic": row.topic,
                "partition": row.partition,
                "record_offset": row.offset,
                "position": row.position,
                "code": row.code,
                "message": row.message,
                "raw": row.raw,
                "received_at": to_datetime(row.received),
            }
            for row in rows
        ],
    )


def _write_unassigned(connection: Connection, rows: Sequence[Unassigned]) -> None:
    values = [row._asdict() | {"time": to_datetime(row.time)} for row in sorted(rows)]
    _insert(connection, unassigned, values)


def _close(connection: Connection, closings: Sequence[Closing]) -> None:
    for closing in sorted(closings):
        of = progress.c.workspace == closing.workspace
        connection.execute(select(progress.c.workspace).where(of).with_for_update())  # two last ones see each other
        row = {"workspace": closing.workspace, "import_id": closing.import_id, "partition": closing.partition}
        _insert(connection, imports, [row])
        closed = connection.scalar(
            select(func.count()).where(
                imports.c.workspace == closing.workspace, imports.c.import_id == closing.import_id
            )
        )
        if closed is not None and closed >= closing.partitions:
            connection.execute(update(progress).where(of).values(history_closed=True))


def _close_again(connection: Connection, late: Sequence[Late]) -> None:
    """Strays of an import may come home after its end, which then is evaluated once more."""
    of = [row.workspace for row in late if row.topic == TOPIC_CODES[HISTORY]]
    ended = exists().where(imports.c.workspace == progress.c.workspace)
    connection.execute(update(progress).where(progress.c.workspace.in_(of), ended).values(history_closed=True))


def _move(connection: Connection, moved: Sequence[Moved]) -> None:
    """The fence: every partition must still be as we took it over."""
    wanted = {(row.topic, row.partition): row for row in moved}
    query = (
        select(offsets.c.topic, offsets.c.partition, offsets.c.version)
        .where(tuple_(offsets.c.topic, offsets.c.partition).in_(wanted))
        .order_by(offsets.c.topic, offsets.c.partition)
        .with_for_update()
    )
    stored = {(row.topic, row.partition): row.version for row in connection.execute(query)}
    for key, row in wanted.items():
        if stored.get(key) != row.version:
            raise FencedError(
                f"Partition {row.partition} of topic {row.topic} is at version {stored.get(key)}, not {row.version}: "
                "somebody else moved it on. Nothing of this batch was kept; it is read again."
            )
    connection.execute(_ADVANCE, [_advance(row) for row in moved])


_ADVANCE = text(
    "UPDATE offsets SET next_offset = :next, version = version + 1, "
    "heartbeat_at = greatest(heartbeat_at, :heartbeat), updated_at = now() "
    "WHERE topic = :topic AND partition = :partition"
)


def _advance(row: Moved) -> dict[str, Any]:
    return row._asdict() | {"heartbeat": None if row.heartbeat is None else to_datetime(row.heartbeat)}


def _insert(connection: Connection, table: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        connection.execute(upsert(table).on_conflict_do_nothing(), rows)

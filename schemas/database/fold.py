"""The fold's one transaction, and what a partition's new owner reads before it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, func, literal, or_, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert

from schemas.accounts import AccountRow
from schemas.clock import HOUR_MS, to_datetime, to_ms
from schemas.database import copying
from schemas.database.facts import put_accounts
from schemas.database.people import put_aliases, put_memberships, put_signals, put_users
from schemas.database.rows import (
    Alias,
    Closing,
    CountedIds,
    Joined,
    Late,
    Moved,
    Refused,
    SignalFact,
    Unassigned,
    UserFact,
)
from schemas.database.sessions import Database
from schemas.database.tables import counted_ids, imports, offsets, progress, rejected, unassigned
from schemas.errors import FencedError
from schemas.topics import HISTORY, TOPIC_CODES


@dataclass
class Write:
    """Everything a micro-batch changes. `windows` is COPY data (schemas.database.copying), empty for none."""

    moved: list[Moved] = field(default_factory=list)
    windows: bytes = b""
    ids: list[CountedIds] = field(default_factory=list)
    accounts: dict[int, list[AccountRow]] = field(default_factory=dict)
    users: list[UserFact] = field(default_factory=list)
    joined: list[Joined] = field(default_factory=list)
    aliases: list[Alias] = field(default_factory=list)
    signals: list[SignalFact] = field(default_factory=list)
    unassigned: list[Unassigned] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    closings: list[Closing] = field(default_factory=list)
    late: list[Late] = field(default_factory=list)


class Position(NamedTuple):
    """Where a partition stands: the next offset to fold, and its newest heartbeat (ms)."""

    next_offset: int
    heartbeat: int | None


def commit(database: Database, write: Write, now: int) -> None:
    """Writes all of it and moves the offsets, or raises FencedError and writes nothing.

    What takes no lock comes first; offsets come last, in order, so that a worker that stops half-way holds nothing that
    its successor needs.
    """
    ids = copying.ids_data(write.ids)
    with database.writing() as connection:
        if write.windows:
            copying.copy_windows(connection, write.windows)
        if write.ids:
            copying.copy_ids(connection, ids)
        write_refused(connection, write.refused)
        _write_unassigned(connection, write.unassigned)
        for workspace in sorted(write.accounts):
            put_accounts(connection, workspace, write.accounts[workspace], to_datetime(now))
        put_users(connection, write.users)
        put_memberships(connection, write.joined)
        put_aliases(connection, write.aliases)
        put_signals(connection, write.signals)
        _close(connection, write.closings)
        mark_late(connection, write.late)
        _move(connection, write.moved)


def positions(connection: Connection, partitions: Sequence[tuple[int, int]]) -> dict[tuple[int, int], Position]:
    """Where each (topic, partition) stands; those never seen are left out."""
    query = select(offsets.c.topic, offsets.c.partition, offsets.c.next_offset, offsets.c.heartbeat_at).where(
        tuple_(offsets.c.topic, offsets.c.partition).in_(partitions)
    )
    return {
        (row.topic, row.partition): Position(row.next_offset, row.heartbeat_at and to_ms(row.heartbeat_at))
        for row in connection.execute(query)
    }


def begin_partitions(database: Database, starts: Mapping[tuple[int, int], int]) -> dict[tuple[int, int], Position]:
    """Where each partition stands; those never seen begin at the offset given."""
    rows = [{"topic": t, "partition": p, "next_offset": offset} for (t, p), offset in sorted(starts.items())]
    with database.writing() as connection:
        if rows:
            connection.execute(upsert(offsets).values(rows).on_conflict_do_nothing())
        return positions(connection, list(starts))


def newest_hour(connection: Connection, topic: int) -> int:
    """The latest received hour (since the epoch) of which ids are stored; 0 without any."""
    newest = connection.scalar(select(func.max(counted_ids.c.hour)).where(counted_ids.c.topic == topic))
    return 0 if newest is None else to_ms(newest) // HOUR_MS


def load_ids(
    connection: Connection, topic: int, partition: int, partitions: int, since: int, until: int | None = None
) -> dict[int, list[NDArray[np.uint64]]]:
    """The ids that may come again in this partition, by received hour (since the epoch), from `since` up to `until`.

    Ids counted when the topic had another number of partitions count where they share a slot with this one.
    """
    shared = func.gcd(counted_ids.c.partitions, literal(partitions))
    query = select(counted_ids.c.hour, counted_ids.c.ids).where(
        counted_ids.c.topic == topic,
        counted_ids.c.hour >= to_datetime(max(0, since) * HOUR_MS),
        or_(
            counted_ids.c.partition == partition,
            (counted_ids.c.partitions != partitions)
            & (counted_ids.c.partition % shared == literal(partition) % shared),
        ),
    )
    if until is not None:
        query = query.where(counted_ids.c.hour < to_datetime(until * HOUR_MS))
    found: dict[int, list[NDArray[np.uint64]]] = {}
    for row in connection.execution_options(stream_results=True, max_row_buffer=100).execute(query):
        ids = np.frombuffer(bytes(row.ids), "<u8").reshape(-1, 2)
        found.setdefault(to_ms(row.hour) // HOUR_MS, []).append(ids)
    return found


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


def mark_late(connection: Connection, late: Sequence[Late]) -> None:
    """Notes from where each workspace must be evaluated again."""
    for row in sorted(late):
        column = progress.c.history_dirty_from if row.topic == TOPIC_CODES[HISTORY] else progress.c.dirty_from
        earlier = func.least(column, to_datetime(row.hour))
        connection.execute(update(progress).where(progress.c.workspace == row.workspace).values({column: earlier}))


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
        if closed == closing.partitions:
            connection.execute(update(progress).where(of).values(history_closed=True))


def _move(connection: Connection, moved: Sequence[Moved]) -> None:
    """The fence: every offset must still be where we took it from."""
    wanted = {(row.topic, row.partition): row for row in moved}
    query = (
        select(offsets.c.topic, offsets.c.partition, offsets.c.next_offset)
        .where(tuple_(offsets.c.topic, offsets.c.partition).in_(wanted))
        .order_by(offsets.c.topic, offsets.c.partition)
        .with_for_update()
    )
    stored = {(row.topic, row.partition): row.next_offset for row in connection.execute(query)}
    for key, row in wanted.items():
        if stored.get(key) != row.expected:
            raise FencedError(
                f"Partition {row.partition} of topic {row.topic} is at offset {stored.get(key)}, not {row.expected}: "
                "another worker moved it on. Nothing of this batch was kept; it is read again."
            )
    connection.execute(_ADVANCE, [_advance(row) for row in moved])


_ADVANCE = text(
    "UPDATE offsets SET next_offset = :next, heartbeat_at = greatest(heartbeat_at, :heartbeat), updated_at = now() "
    "WHERE topic = :topic AND partition = :partition"
)


def _advance(row: Moved) -> dict[str, Any]:
    return row._asdict() | {"heartbeat": None if row.heartbeat is None else to_datetime(row.heartbeat)}


def _insert(connection: Connection, table: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        connection.execute(upsert(table).on_conflict_do_nothing(), rows)

"""What the database says it did with every event, at one moment. Reading only."""

import io
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, text

from schemas.database.sessions import Database

Ints = NDArray[np.int64]
_HEAD, _TAIL = 19, 2
_WHOLE = "record.unreadable"

# The wrapping sum of 64-bit numbers is put together from the plain sums of their halves.
_WINDOWS = """
SELECT workspace::bigint, account::bigint, (extract(epoch FROM hour) / 3600)::bigint AS at, sum(events)::bigint,
       sum(id_sum >> 32)::bigint, sum(id_sum & 4294967295)::bigint
FROM windows WHERE behavior = 0 GROUP BY workspace, account, at
"""
_UNASSIGNED = text("""
SELECT workspace, floor(extract(epoch FROM time) / 3600)::bigint AS hour, id_hash FROM unassigned
""")
_STRAYS = text("SELECT topic, partition, record_offset, positions FROM strays")
_QUARANTINED = text("""
SELECT topic, partition, record_offset, code FROM rejected WHERE stage = 'fold' AND topic IN (0, 1)
""")
_STORED = text("SELECT partition, max(record_offset) + 1 AS stored FROM rejected WHERE topic = 2 GROUP BY partition")
_REFUSED = text("SELECT workspace, message_id FROM rejected WHERE workspace IS NOT NULL AND message_id IS NOT NULL")


class CountedWindows(msgspec.Struct, frozen=True):
    """n sums of `*` windows by workspace, account number and hour (since the epoch); `ids` wraps at 64 bits."""

    workspace: Ints
    account: Ints
    hour: Ints
    events: Ints
    ids: NDArray[np.uint64]


class Waiting(msgspec.Struct, frozen=True):
    """n events that wait for a membership: workspace, hour, and `ids`, the (n, 2) halves of their id hashes."""

    workspace: Ints
    hour: Ints
    ids: NDArray[np.uint64]


class Snapshot(msgspec.Struct, frozen=True):
    """Everything the audit needs of one moment.

    `offsets` says by (topic number, partition) up to which offset the topics are counted; `accounts` names accounts by
    (workspace, number); `quarantined` holds (topic, partition, offset) of records that were refused whole, and
    `refused` counts single facts that were, `refused_ids` holds the (workspace, message id) of what the collector set
    aside, `refused_to` says by partition up to which offset of their topic that holds. `strays` says which events
    (positions) of which records are on their way to the partitions that count them.
    """

    offsets: dict[tuple[int, int], int]
    windows: CountedWindows
    waiting: Waiting
    quarantined: set[tuple[int, int, int]]
    strays: dict[tuple[int, int, int], Ints]
    refused: int
    refused_ids: list[tuple[int, str]]
    refused_to: dict[int, int]
    accounts: dict[tuple[int, int], str]
    workspaces: dict[str, int]


def take_snapshot(database: Database) -> Snapshot:
    """Reads it all in one transaction, so that it fits together while events are being counted."""
    with database.reading() as connection:
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        offsets = connection.execute(text("SELECT topic, partition, next_offset FROM offsets WHERE topic IN (0, 1)"))
        accounts = connection.execute(text("SELECT workspace, number, account FROM accounts"))
        workspaces = connection.execute(text("SELECT name, id FROM workspaces"))
        rejected = connection.execute(_QUARANTINED).all()
        whole = {(row.topic, row.partition, row.record_offset) for row in rejected if row.code == _WHOLE}
        return Snapshot(
            offsets={(row.topic, row.partition): row.next_offset for row in offsets},
            windows=_windows(connection),
            waiting=_waiting(connection),
            quarantined=whole,
            strays=_strays(connection),
            refused=sum(row.code != _WHOLE for row in rejected),
            refused_ids=[(row.workspace, row.message_id) for row in connection.execute(_REFUSED)],
            refused_to={row.partition: row.stored for row in connection.execute(_STORED)},
            accounts={(row.workspace, row.number): row.account for row in accounts},
            workspaces={row.name: row.id for row in workspaces},
        )


def _windows(connection: Connection) -> CountedWindows:
    workspace, account, hour, events, upper, lower = _columns(connection, _WINDOWS, 6)
    ids = (upper.astype(np.uint64) << np.uint64(32)) + lower.astype(np.uint64)
    return CountedWindows(workspace, account, hour, events, ids)


def _waiting(connection: Connection) -> Waiting:
    rows: list[Any] = list(connection.execute(_UNASSIGNED))
    return Waiting(
        np.array([row.workspace for row in rows], np.int64),
        np.array([row.hour for row in rows], np.int64),
        np.frombuffer(b"".join(bytes(row.id_hash) for row in rows), "<u8").reshape(-1, 2),
    )


def _strays(connection: Connection) -> dict[tuple[int, int, int], Ints]:
    found: dict[tuple[int, int, int], Ints] = {}
    for row in connection.execute(_STRAYS):
        place = row.topic, row.partition, row.record_offset
        positions = np.frombuffer(bytes(row.positions), "<u4").astype(np.int64)
        found[place] = np.concatenate([found.get(place, positions[:0]), positions])
    return found


def _columns(connection: Connection, query: str, width: int) -> list[Ints]:
    """A query's 64-bit integers, column by column: PostgreSQL's binary COPY is an array with a head and a tail."""
    data = io.BytesIO()
    cursor = connection.connection.cursor()
    cursor.copy_expert(f"COPY ({query}) TO STDOUT (FORMAT binary)", data)
    fields = [field for i in range(width) for field in ((f"length{i}", ">i4"), (f"column{i}", ">i8"))]
    rows = np.frombuffer(data.getbuffer()[_HEAD:-_TAIL], np.dtype([("fields", ">i2"), *fields]))
    return [rows[f"column{i}"].astype(np.int64) for i in range(width)]

"""Windows grow by deltas; compaction makes one row of several. It replaces what it deletes, so it needs no fence."""

from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, text, tuple_

from schemas.clock import DAY_MS, HOUR_MS, to_datetime
from schemas.database.partitions import newest_hour
from schemas.database.sessions import Database
from schemas.database.tables import counted_ids, windows
from schemas.topics import EVENTS, TOPIC_CODES
from schemas.windows import encode_users, unite

_KEY = ("workspace", "account", "behavior", "hour", "topic", "partition")
_STEP = 2000


def compact_day(database: Database, topic: int, partition: int, day: int, until: int) -> int:
    """Unites a partition's rows of one UTC day (since the epoch) before `until` (ms), one step; how many rows went."""
    start, end = to_datetime(day * DAY_MS), to_datetime(min((day + 1) * DAY_MS, until))
    if end <= start:
        return 0
    with database.writing() as connection:
        keys = _several(connection, topic, partition, start, end)
        return _unite(connection, keys) if keys else 0


def expire_ids(database: Database, now: int, kept: int) -> None:
    """Forgets live ids received over `kept` ms before the newest ones: the clock may run on while nothing is folded."""
    with database.writing() as connection:
        live = counted_ids.c.topic == TOPIC_CODES[EVENTS]
        before = min(now, newest_hour(connection, TOPIC_CODES[EVENTS]) * HOUR_MS) - kept
        if before <= 0:
            return
        connection.execute(delete(counted_ids).where(live, counted_ids.c.hour < to_datetime(before)))


def expire_windows(database: Database, before: int) -> None:
    """Drops windows before a moment (ms): whole chunks where windows are a hypertable, rows where not."""
    with database.writing() as connection:
        if connection.scalar(text("SELECT count(*) FROM pg_extension WHERE extname = 'timescaledb'")):
            connection.execute(
                text("SELECT drop_chunks('windows', older_than => cast(:before AS timestamptz))"),
                {"before": to_datetime(before)},
            )
        else:
            connection.execute(delete(windows).where(windows.c.hour < to_datetime(before)))


def _several(
    connection: Connection, topic: int, partition: int, start: datetime, end: datetime
) -> list[tuple[Any, ...]]:
    columns = [windows.c[name] for name in _KEY]
    query = (
        select(*columns)
        .where(windows.c.topic == topic, windows.c.partition == partition)
        .where(windows.c.hour >= start, windows.c.hour < end)
        .group_by(*columns)
        .having(func.count() > 1)
        .limit(_STEP)
    )
    return [tuple(row) for row in connection.execute(query)]


def _unite(connection: Connection, keys: list[tuple[Any, ...]]) -> int:
    columns = [windows.c[name] for name in _KEY]
    hours = [key[3] for key in keys]
    gone = connection.execute(
        delete(windows)
        .where(tuple_(*columns).in_(keys), windows.c.hour >= min(hours), windows.c.hour <= max(hours))
        .returning(windows)
    )
    rows = sorted(gone.mappings(), key=lambda row: tuple(row[name] for name in _KEY))
    united = [_sum(list(of)) for _, of in groupby(rows, key=lambda row: tuple(row[name] for name in _KEY))]
    if united:
        connection.execute(insert(windows), united)
    return len(rows) - len(united)


def _sum(rows: list[Any]) -> dict[str, Any]:
    wrapped = sum(row["id_sum"] for row in rows) & 0xFFFF_FFFF_FFFF_FFFF
    return {name: rows[0][name] for name in _KEY} | {
        "events": sum(row["events"] for row in rows),
        "value": sum(row["value"] for row in rows),
        "users": encode_users(unite(row["users"] for row in rows)),
        "id_sum": wrapped - (1 << 64) if wrapped >> 63 else wrapped,
    }

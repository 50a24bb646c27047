"""What a partition's new owner reads: where it stands, and the ids that were counted."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, func, literal, or_, select, tuple_
from sqlalchemy.dialects.postgresql import insert as upsert

from schemas.clock import HOUR_MS, to_datetime, to_ms
from schemas.database.sessions import Database
from schemas.database.tables import counted_ids, offsets


class Position(NamedTuple):
    """Where a partition stands: the next offset to fold, and its newest heartbeat (ms)."""

    next_offset: int
    heartbeat: int | None


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

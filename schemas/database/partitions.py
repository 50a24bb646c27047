"""What a partition's new owner reads: where it stands, how slots are dealt, and the ids that were counted."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, func, literal, or_, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert

from schemas.clock import HOUR_MS, to_datetime, to_ms
from schemas.database.sessions import Database
from schemas.database.tables import counted_ids, offsets

_LOCK = 0x6C61796F  # "layo"
Key = tuple[int, int]  # topic, partition


class Position(NamedTuple):
    """Where a partition stands.

    The next offset to fold, its newest heartbeat (ms), over how many `partitions` its topic's slots are dealt, and the
    `version` that fences: whatever changes what a worker holds of the partition moves it on.
    """

    next_offset: int
    heartbeat: int | None
    partitions: int
    version: int


def positions(connection: Connection, partitions: Sequence[Key]) -> dict[Key, Position]:
    """Where each (topic, partition) stands; those never seen are left out."""
    query = select(offsets).where(tuple_(offsets.c.topic, offsets.c.partition).in_(partitions))
    return {
        (row.topic, row.partition): Position(
            row.next_offset, row.heartbeat_at and to_ms(row.heartbeat_at), row.partitions, row.version
        )
        for row in connection.execute(query)
    }


def next_offsets(connection: Connection) -> dict[Key, int]:
    """Up to which offset each (topic, partition) is folded."""
    rows = connection.execute(select(offsets.c.topic, offsets.c.partition, offsets.c.next_offset))
    return {(row.topic, row.partition): row.next_offset for row in rows}


def known_partitions(connection: Connection, topic: int) -> list[int]:
    """The partitions of a topic that were ever begun."""
    query = select(offsets.c.partition).where(offsets.c.topic == topic)
    return list(connection.scalars(query.order_by(offsets.c.partition)))


def begin_partitions(database: Database, starts: Mapping[Key, int], counts: Mapping[int, int]) -> dict[Key, Position]:
    """Where each partition stands; those never seen begin at the offset given.

    `counts` is how many partitions each topic has in Kafka. Where that is more than its slots are dealt over, they are
    dealt anew, in this one transaction: everything that was prepared before it is fenced off.
    """
    with database.writing() as connection:
        found = positions(connection, list(starts))
        if found.keys() < starts.keys() or any(at.partitions < counts[key[0]] for key, at in found.items()):
            for topic, count in sorted(counts.items()):
                of = {partition: start for (t, partition), start in starts.items() if t == topic}
                _lay_out(connection, topic, of, count)
            found = positions(connection, list(starts))
        return found


def _lay_out(connection: Connection, topic: int, starts: Mapping[int, int], count: int) -> None:
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock, :topic)"), {"lock": _LOCK, "topic": topic})
    mine = offsets.c.topic == topic
    rows = connection.execute(select(offsets).where(mine).order_by(offsets.c.partition).with_for_update()).all()
    layout = max([count, *(row.partitions for row in rows)])
    connection.execute(
        update(offsets)
        .where(mine, offsets.c.partition.in_([row.partition for row in rows if row.partitions != layout]))
        .values(partitions=layout, version=offsets.c.version + 1)
    )
    # The watermark may have come as far as the slowest of the others: what is older is late in a new partition, too.
    beats = [row.heartbeat_at for row in rows]
    beat = min(beats) if beats and None not in beats else None
    new = [
        {"topic": topic, "partition": p, "next_offset": start, "partitions": layout, "heartbeat_at": beat}
        for p, start in sorted(starts.items())
    ]
    if new:
        connection.execute(upsert(offsets).on_conflict_do_nothing(), new)


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

"""Events on their way: their records lie in one partition, their slots are at home in another."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, tuple_

from schemas.database.rows import Stray
from schemas.database.tables import strays
from schemas.errors import FencedError

_COLUMNS = (
    strays.c.topic, strays.c.home, strays.c.partition, strays.c.record_offset, strays.c.positions, strays.c.value,
    strays.c.id,
)  # fmt: skip


def put_strays(connection: Connection, rows: Sequence[Stray]) -> None:
    """Hands events over to their homes."""
    if rows:
        names = [column.name for column in _COLUMNS[:-1]]
        connection.execute(insert(strays), [dict(zip(names, row[:-1], strict=True)) for row in rows])


def pending(connection: Connection, homes: Sequence[tuple[int, int]], limit: int, size: int) -> list[Stray]:
    """The first records with events that are at home in one of these (topic, partition).

    At most `limit`, and no further one once they are `size` bytes.
    """
    before = func.sum(func.octet_length(strays.c.value)).over(order_by=strays.c.id) - func.octet_length(strays.c.value)
    mine = tuple_(strays.c.topic, strays.c.home).in_(homes)
    first = select(*_COLUMNS, before.label("before")).where(mine).order_by(strays.c.id).limit(limit).subquery()
    query = select(*(first.c[column.name] for column in _COLUMNS)).where(first.c.before < size).order_by(first.c.id)
    return [_stray(row) for row in connection.execute(query)]


def take_in(connection: Connection, ids: Sequence[int]) -> None:
    """Lets strays go that are counted now; raises FencedError where another worker took one of them in."""
    if ids and connection.execute(delete(strays).where(strays.c.id.in_(ids))).rowcount != len(ids):
        raise FencedError("Another worker took in the same strays; nothing of this batch was kept.")


def _stray(row: Any) -> Stray:
    topic, home, partition, offset, positions, value, number = row
    return Stray(topic, home, partition, offset, bytes(positions), bytes(value), number)

"""Whose people count: when somebody turns out to be ours, or a customer's after all, their days are judged again."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, select

from schemas.accounts import Side
from schemas.clock import to_ms
from schemas.database.lateness import mark_late
from schemas.database.rows import Late
from schemas.database.tables import users
from schemas.topics import EVENTS, TOPIC_CODES


@contextmanager
def judging_again(connection: Connection, workspace: int, numbers: Collection[int]) -> Iterator[None]:
    """Marks the days of those users (by number) who begin or cease to count as customers within the block."""
    before = _strangers(connection, workspace, numbers)
    yield
    changed = before ^ _strangers(connection, workspace, numbers)
    if changed:
        query = select(users.c.seen_from).where(users.c.workspace == workspace, users.c.number.in_(changed))
        seen = [moment for moment in connection.scalars(query) if moment is not None]
        mark_late(connection, [Late(workspace, TOPIC_CODES[EVENTS], to_ms(min(seen)))] if seen else [])


def _strangers(connection: Connection, workspace: int, numbers: Collection[int]) -> set[int]:
    if not numbers:
        return set()
    query = select(users.c.number).where(
        users.c.workspace == workspace, users.c.number.in_(numbers), users.c.side != Side.CUSTOMER
    )
    return set(connection.scalars(query))

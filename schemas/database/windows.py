"""Reading windows: an account's behavior by UTC hour, by local day, or over a rolling span of days.

The stored rows are deltas: events and value add up, user sets unite, so distinct users are exact over any span. They
hold users as they came; here these become people. Those who are not the customer's own are left out of `users`.
"""

from collections import deque
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from pyroaring import BitMap
from sqlalchemy import Connection, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT

from schemas.clock import to_datetime, to_ms
from schemas.database.tables import behaviors, users, windows
from schemas.errors import NotFoundError
from schemas.identities import People
from schemas.windows import Window, decode_users


class Span(msgspec.Struct):
    """What one account did in one span: its first moment (ms), events, value, and its people's numbers."""

    start: int
    events: int
    value: float
    users: BitMap

    @property
    def window(self) -> Window:
        """The same with the users counted."""
        return Window(self.start, self.events, len(self.users), self.value)


def behavior_number(connection: Connection, workspace: int, behavior: str) -> int:
    """The number under which a behavior is counted now; raises NotFoundError where none is of that name."""
    found = connection.scalar(
        select(behaviors.c.number).where(
            behaviors.c.workspace == workspace, behaviors.c.behavior == behavior, behaviors.c.state == "active"
        )
    )
    if found is None:
        raise NotFoundError(f"There is no behavior {behavior!r} in this workspace.")
    return int(found)


def spans(connection: Connection, workspace: int, account: int, behavior: int, edges: Sequence[int]) -> list[Span]:
    """What happened between each edge (ms, ascending) and the next, empty spans included."""
    others = _others(connection, workspace)
    found = [Span(start, 0, 0.0, BitMap()) for start in edges[:-1]]
    for row in _rows(connection, workspace, account, behavior, edges):
        at = int(np.searchsorted(edges, to_ms(row.hour), side="right")) - 1
        span = found[at]
        span.events += row.events
        span.value += row.value
        span.users |= decode_users(row.users)
    people = People(persons_of(connection, workspace, BitMap.union(BitMap(), *(span.users for span in found))))
    for span in found:
        span.users = people.united(span.users) - others
    return found


def rolling(days: Sequence[Span], length: int) -> list[Span]:
    """One span for each day but the first `length - 1`: the `length` days that end with it, named by that last day."""
    recent: deque[Span] = deque(maxlen=length)
    found = []
    for day in days:
        recent.append(day)
        if len(recent) == length:
            united = BitMap.union(BitMap(), *(one.users for one in recent))
            events, value = sum(one.events for one in recent), sum(one.value for one in recent)
            found.append(Span(day.start, events, value, united))
    return found


def persons_of(connection: Connection, workspace: int, numbers: BitMap) -> dict[int, int]:
    """Of these users those who were joined with others, and the number that stands for the person."""
    wanted = func.any(bindparam("numbers", list(numbers), ARRAY(BIGINT)))
    query = select(users.c.number, users.c.person).where(
        users.c.workspace == workspace, users.c.number == wanted, users.c.person.is_not(None)
    )
    return {row.number: row.person for row in connection.execute(query)}


def _others(connection: Connection, workspace: int) -> BitMap:
    """People one of whose ids is no customer's."""
    query = select(func.coalesce(users.c.person, users.c.number)).where(
        users.c.workspace == workspace, users.c.side != "customer"
    )
    return BitMap(connection.scalars(query))


def _rows(connection: Connection, workspace: int, account: int, behavior: int, edges: Sequence[int]) -> Any:
    query = select(windows.c.hour, windows.c.events, windows.c.value, windows.c.users).where(
        windows.c.workspace == workspace,
        windows.c.account == account,
        windows.c.behavior == behavior,
        windows.c.hour >= to_datetime(edges[0]),
        windows.c.hour < to_datetime(edges[-1]),
    )
    return connection.execute(query)

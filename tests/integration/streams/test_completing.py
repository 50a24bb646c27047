"""Working out completions, on a real database: by several at once, for an import, and what is let go."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select, update

from schemas.behaviors import define
from schemas.clock import to_datetime, to_ms
from schemas.database import engine as engines
from schemas.database import tables
from schemas.database.copying import copy_added, steps_data
from schemas.database.declaring import declare, withdraw
from schemas.database.paths import expire_steps
from schemas.database.rows import Added, PathSteps
from schemas.database.sessions import Database
from schemas.database.workspaces import create_workspace
from schemas.topics import DERIVED, EVENTS, HISTORY, TOPIC_CODES
from schemas.windows import encode_users
from streams.folding.completing import complete

HOUR = 3_600_000
NOON = 1_760_000_000_000 // HOUR * HOUR
PATH = {"name": "delivered", "path": [{"events": ["made"]}, {"events": ["shared"]}], "within": "1 hour"}


class Place:
    """A workspace with a path from made (1) to shared (2)."""

    def __init__(self, url: str) -> None:
        self.engine = engines.create(url)
        self.database = Database(self.engine)
        self.workspace = create_workspace(self.engine, "test")
        with self.engine.begin() as connection:
            declare(connection, self.workspace, define(PATH, "delivered"))
            self.behavior = connection.scalar(select(tables.behaviors.c.number).where(~tables.behaviors.c.automatic))

    def steps(self, *steps: tuple[int, int, int], topic: str = EVENTS) -> None:
        """User, minute, step."""
        n = len(steps)
        users, minutes, bits = np.array(steps, np.int64).T
        all_of_them = [np.full(n, value) for value in (self.workspace, self.behavior, 1)]
        ids = np.arange(2 * n, dtype=np.uint64).reshape(-1, 2)
        part = PathSteps(*all_of_them, users, NOON + 60_000 * minutes, bits, np.full(n, TOPIC_CODES[topic]), ids)
        with self.engine.begin() as connection:
            copy_added(connection, Added(steps=steps_data([part])))

    def progress(self, **changed: Any) -> Any:
        with self.engine.begin() as connection:
            if changed:
                connection.execute(update(tables.progress).values(changed))
            return connection.execute(select(tables.progress)).one()

    def rows(self) -> list[tuple[int, int, float, bytes]]:
        query = select(tables.windows).where(tables.windows.c.topic == DERIVED).order_by(tables.windows.c.hour)
        with self.engine.connect() as connection:
            found = connection.execute(query.order_by(tables.windows.c.users)).all()
        return [((to_ms(row.hour) - NOON) // HOUR, row.events, row.value, bytes(row.users)) for row in found]


@pytest.fixture
def place(database_url: str) -> Iterator[Place]:
    place = Place(database_url)
    yield place
    place.engine.dispose()


def test_several_at_once_complete_everything_once(place: Place) -> None:
    users = range(1, 1201)
    place.steps(*[(user, 0, 1) for user in users], *[(user, 5, 2) for user in users])
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: complete(place.database), range(6)))
    assert sorted(done) == [0, 0, 0, 200, 500, 500]
    assert sorted(row[3] for row in place.rows()) == sorted(encode_users([user]) for user in users)
    assert {row[:3] for row in place.rows()} == {(0, 1, 300.0)}


def test_what_an_import_completes_is_judged_as_history(place: Place) -> None:
    place.steps((1, 0, 1), (1, 10, 2), topic=HISTORY)
    place.progress(history_dirty_from=to_datetime(NOON + HOUR), evaluated_to=to_datetime(NOON + 50 * HOUR))
    complete(place.database)
    found = place.progress()
    assert (found.history_dirty_from, found.history_closed) == (to_datetime(NOON), False), "it is still open"
    place.progress(history_dirty_from=None)
    place.steps((1, 20, 1), (1, 70, 2), topic=HISTORY)
    complete(place.database)
    found = place.progress()
    assert (found.history_dirty_from, found.history_closed) == (to_datetime(NOON + HOUR), True), "it was judged before"
    assert found.dirty_from is None
    assert [row[:3] for row in place.rows()] == [(0, 1, 600.0), (1, 1, 3000.0)]


def test_a_completion_that_a_late_step_undoes_is_taken_back_for_that_user_alone(place: Place) -> None:
    place.steps((1, 50, 1), (1, 70, 2), (2, 50, 1), (2, 75, 2))
    complete(place.database)
    place.progress(evaluated_to=to_datetime(NOON + 50 * HOUR))
    place.steps((1, 55, 2))
    complete(place.database)
    one, two = encode_users([1]), encode_users([2])
    assert place.rows() == [(0, 1, 300.0, one), (1, 1, 1500.0, two)]
    assert place.progress().dirty_from == to_datetime(NOON)


def test_steps_go_with_their_path_and_with_old_windows(place: Place) -> None:
    def left() -> int:
        with place.engine.connect() as connection:
            return len(connection.execute(select(tables.path_steps)).all())

    place.steps((1, 0, 1), (1, 500, 1))
    expire_steps(place.database, NOON + HOUR)
    assert left() == 1
    with place.engine.begin() as connection:
        withdraw(connection, place.workspace, "delivered")
    assert complete(place.database) == 1, "nobody's steps are taken and lead nowhere"
    expire_steps(place.database, None)
    assert left() == 0

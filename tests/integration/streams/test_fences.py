"""Whatever changes what a worker rests on fences it: it reads anew, and nothing is counted wrongly meanwhile."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from schemas.batches import encode
from schemas.behaviors import parse
from schemas.database import engine as engines
from schemas.database.declaring import register
from schemas.database.definitions import begin, registered
from schemas.database.partitions import begin_partitions, positions
from schemas.database.sessions import Database
from schemas.database.workspaces import create_workspace
from schemas.errors import FencedError
from schemas.events import UsageEvent
from schemas.topics import slot_of
from streams.folding.folder import Folder
from streams.folding.records import Chunk
from streams.folding.straying import take_in
from streams.settings import WorkerSettings
from streams.worker import folder

NOON = 1_760_000_400_000
HERE = (0, 0)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    engine = engines.create(database_url)
    create_workspace(engine, "test")
    yield Database(engine)
    engine.dispose()


@pytest.fixture
def make(database: Database) -> Callable[[], Folder]:
    return lambda: folder(database, WorkerSettings())


def fold(worker: Folder, partition: int, offset: int, *ids: str) -> None:
    """Folds one record with these events, all of account `acme`, into a partition."""
    events = [UsageEvent(id=one, time=NOON, name="open", account="acme", user="ada") for one in ids]
    value = encode(1, NOON, "t", events)
    write, _ = worker.prepare([Chunk(0, partition, [(offset, value)])], NOON, 0.0)
    worker.commit(write, NOON)


def counted(database: Database, behavior: int = 0) -> int:
    with database.reading() as connection:
        query = f"SELECT coalesce(sum(events), 0) FROM windows WHERE behavior = {behavior}"  # noqa: S608
        return int(connection.exec_driver_sql(query).scalar_one())


def test_a_behavior_begun_by_an_earlier_owner_misses_no_batch(database: Database, make: Callable[[], Folder]) -> None:
    begin_partitions(database, {HERE: 0}, {0: 1})
    successor = make()
    fold(successor, 0, 0, "a")
    register(database, parse("behaviors: [{name: opened, events: [open]}]"))
    with database.reading() as connection:
        [one] = registered(connection)
        held = positions(connection, [HERE])
    begin(database, one, held)  # by a worker that thinks the partition is still its own
    with pytest.raises(FencedError):
        fold(successor, 0, 1, "b")
    fold(successor, 0, 1, "b")
    assert (counted(database), counted(database, one.number)) == (2, 1)
    with pytest.raises(FencedError):
        begin(database, one, held)


def test_slots_dealt_anew_fence_who_does_not_know(database: Database, make: Callable[[], Folder]) -> None:
    home = slot_of(1, "acme") % 2
    begin_partitions(database, {HERE: 0}, {0: 1})
    old, new = make(), make()
    fold(old, 0, 0, "a")
    begin_partitions(database, {(0, 1): 0}, {0: 2})
    with pytest.raises(FencedError):
        fold(old, 0, 1, "a", "b")
    fold(old, 0, 1, "a", "b")
    fold(new, 1, 0, "a", "b", "c")
    everywhere = [(0, 0), (0, 1)]
    while any(take_in(worker, everywhere, NOON, 0.0) for worker in (old, new)):
        pass
    assert counted(database) == 3
    assert {row[2] for row in _ids(database)[1:]} == {2}
    assert {row[1] for row in _ids(database)[1:]} == {home}


def test_who_stood_still_does_not_count_what_another_took_in(database: Database, make: Callable[[], Folder]) -> None:
    home = slot_of(1, "acme") % 2
    begin_partitions(database, {(0, 0): 0, (0, 1): 0}, {0: 2})
    zombie, owner = make(), make()
    fold(zombie, home, 0, "a")
    fold(owner, 1 - home, 0, "b")
    assert take_in(owner, [(0, home)], NOON, 0.0) is not None
    assert take_in(owner, [(0, home)], NOON, 0.0) is None
    with pytest.raises(FencedError):
        fold(zombie, home, 1, "b")
    assert counted(database) == 2


def _ids(database: Database) -> list[Any]:
    with database.reading() as connection:
        query = "SELECT topic, partition, partitions FROM counted_ids ORDER BY partitions"
        return [tuple(row) for row in connection.exec_driver_sql(query)]

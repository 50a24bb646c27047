"""The transport keeps its promises on this version of Faust: where reading begins, and when a worker ends itself."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from schemas.events import UsageEvent
from schemas.topics import slot_of
from streams.leaving import EXIT_CODE
from tests.integration.streams.conftest import PARTITIONS
from tests.integration.streams.feeding import Feed, assert_exact

NOON = 1_760_000_400_000


def one(i: int) -> UsageEvent:
    return UsageEvent(id=f"e{i}", time=NOON + i, name="open", account="acme", user="ada")


def stand_at(pipeline: Any, offset: int) -> None:
    """Says that the account's partition is folded up to an offset."""
    with pipeline.engine.begin() as connection:
        connection.execute(
            text("INSERT INTO offsets (topic, partition, next_offset) VALUES (0, :partition, :offset)"),
            {"partition": slot_of(pipeline.workspace, "acme") % PARTITIONS, "offset": offset},
        )


def test_reading_begins_where_the_database_stands(pipeline: Any, eventually: Callable[..., Any]) -> None:
    pipeline.send([one(i) for i in range(10)], per=1)
    stand_at(pipeline, 7)
    worker = pipeline.start()
    eventually(lambda: pipeline.counted() == 3, 60)
    eventually(lambda: pipeline.ready(worker))
    assert pipeline.metric(worker, "ebbtide_fold_batch_events_count") == 1  # one fetch, one message, one transaction


def test_a_worker_ends_where_records_are_missing(pipeline: Any) -> None:
    pipeline.send([one(i) for i in range(10)], per=1)
    stand_at(pipeline, 70)
    worker = pipeline.start()
    assert worker.wait(60) == EXIT_CODE
    assert "records were deleted before they were folded" in worker.log.read_text()


def test_a_worker_that_does_not_get_on_ends_itself(pipeline: Any, eventually: Callable[..., Any]) -> None:
    pipeline.settings = {"EBBTIDE_PATIENCE": "6"}
    worker = pipeline.start()
    pipeline.send([one(0)])
    eventually(lambda: pipeline.counted() == 1, 60)
    with pipeline.engine.begin() as connection:
        connection.execute(text("LOCK TABLE offsets IN EXCLUSIVE MODE"))
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        pipeline.send([one(1)])
        assert worker.wait(60) == EXIT_CODE
    pipeline.start()
    eventually(lambda: pipeline.counted() == 2, 60)


def test_what_is_set_back_is_read_again_also_where_nothing_new_comes(
    pipeline: Any, eventually: Callable[..., Any]
) -> None:
    def stands() -> int:
        return int(pipeline.one("SELECT coalesce(max(next_offset), 0) FROM offsets WHERE topic = 0"))

    pipeline.send([one(i) for i in range(10)], per=1)
    worker = pipeline.start()
    eventually(lambda: stands() == 10, 60)
    with pipeline.engine.begin() as connection:
        connection.execute(text("UPDATE offsets SET next_offset = 0, version = version + 1"))
    eventually(lambda: stands() == 10, 30)
    assert pipeline.counted() == 10
    assert worker.poll() is None, "it went on by itself"


def test_what_is_set_back_under_load_is_sought_once(pipeline: Any, eventually: Callable[..., Any]) -> None:
    """What was on its way when a partition was sought must neither hide what comes, nor have it sought again."""
    pipeline.settings = {"EBBTIDE_FOLD_BYTES": "65536"}  # so that the worker is behind, and much is on its way
    worker = pipeline.start()
    with Feed(pipeline, 3000) as feed:
        for _ in range(3):
            before = pipeline.counted()
            eventually(lambda counted=before: pipeline.counted() > counted + 3000, 60)
            with pipeline.engine.begin() as connection:
                connection.execute(text("UPDATE offsets SET next_offset = 0, version = version + 1"))
    eventually(lambda: pipeline.counted() >= feed.sent, 60)
    assert pipeline.metric(worker, "ebbtide_fold_fenced_total") <= 3 * PARTITIONS
    assert_exact(pipeline, feed.sent)


@pytest.mark.parametrize("trouble", ["fetch_stops", "assignment_lost", "loop_stands"])
def test_a_worker_that_stops_in_silence_is_noticed(pipeline: Any, eventually: Callable[..., Any], trouble: str) -> None:
    planting = Path(__file__).parents[2] / "faults" / "planting"
    worker = pipeline.start(PYTHONPATH=str(planting), EBBTIDE_PLANTED=trouble, EBBTIDE_PATIENCE="4")
    pipeline.send([one(0)])
    eventually(lambda: pipeline.counted() == 1, 60)
    pipeline.send([one(1)])
    assert worker.wait(60) == EXIT_CODE
    assert "still for" in worker.log.read_text() or "has not turned" in worker.log.read_text()
    pipeline.start()
    eventually(lambda: pipeline.counted() == 2, 60)

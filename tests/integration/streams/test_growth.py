"""Partitions are added while events come in: keys move, and still every event is counted once."""

import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from kafka.admin import KafkaAdminClient

from schemas.clock import to_ms
from schemas.events import UsageEvent
from schemas.topics import EVENTS, HISTORY
from tests.integration.streams.feeding import HOUR, NOON, Feed, assert_exact, load


@pytest.fixture
def small(pipelines: Callable[..., Any], database_url: str) -> Any:
    """A pipeline with two partitions."""
    return pipelines(database_url, partitions=2)


@pytest.fixture
def grow(kafka_admin: KafkaAdminClient, eventually: Callable[..., Any]) -> Callable[..., None]:
    def grown(pipeline: Any, partitions: int) -> None:
        names = [pipeline.prefix + EVENTS, pipeline.prefix + HISTORY]
        kafka_admin.create_partitions(dict.fromkeys(names, partitions))
        eventually(lambda: len(pipeline.producer.partitions_for(names[0])) == partitions)
        pipeline.partitions = partitions

    return grown


def two_collectors(pipeline: Any) -> Callable[[Sequence[UsageEvent]], None]:
    """One knows of new partitions at once, and one never hears of them; clients retry with both."""

    def send(fresh: Sequence[UsageEvent]) -> None:
        late, early = fresh[::2], fresh[1::2]
        pipeline.send(late, partitions=2)
        pipeline.send(early)
        pipeline.send(late[::3])
        pipeline.send(early[::3], partitions=2)

    return send


def settled(pipeline: Any) -> bool:
    return bool(pipeline.one("SELECT count(*) FROM strays") == 0)


def test_partitions_are_added_under_load(small: Any, grow: Callable[..., None], eventually: Callable[..., Any]) -> None:
    small.settings = {"EBBTIDE_FOLD_LINGER": "0", "EBBTIDE_FOLD_BYTES": "65536"}
    workers = [small.start(), small.start()]
    with Feed(small, 300, two_collectors(small)) as feed:
        eventually(lambda: small.counted() > 1000, 60)
        grow(small, 4)
        eventually(lambda: small.one("SELECT count(*) FROM offsets WHERE topic = 0 AND partitions = 4") == 4, 60)
        eventually(lambda: small.one("SELECT min(next_offset) FROM offsets WHERE topic = 0") > 0, 60)
        small.stop(workers[0], signal.SIGKILL)
        small.start()
        before = small.counted()
        eventually(lambda: small.counted() > before + 2000, 60)
        small.stop(workers[1])
        small.start()
        grow(small, 7)
        eventually(lambda: small.one("SELECT min(next_offset) FROM offsets WHERE topic = 0 AND partition > 3"), 60)
    eventually(lambda: small.counted() >= feed.sent and settled(small), 90)
    small.send(load(300), partitions=2)
    small.send(load(300))
    marked = [UsageEvent(id=f"e{feed.sent + i}", time=NOON, name="f0", account=f"a{i}") for i in range(30)]
    small.send(marked)
    eventually(lambda: small.counted() == feed.sent + 30 and settled(small), 60)
    assert_exact(small, feed.sent + 30)


def test_who_took_its_predecessors_place_sees_new_partitions(
    small: Any, grow: Callable[..., None], eventually: Callable[..., Any]
) -> None:
    """Kafka would let the dead one lead, and nobody would look."""
    small.settings = {"EBBTIDE_WORKER_NAME": "one"}
    dead = small.start()
    eventually(lambda: small.ready(dead), 60)
    small.stop(dead, signal.SIGKILL)
    heir = small.start()
    eventually(lambda: small.ready(heir), 60)
    grow(small, 4)
    small.send(load(300))
    eventually(lambda: small.counted() == 300 and settled(small), 60)
    assert_exact(small, 300)


def test_the_watermark_waits_for_new_partitions(
    small: Any, grow: Callable[..., None], eventually: Callable[..., Any]
) -> None:
    small.start()
    small.beat(NOON + 3 * HOUR)
    eventually(lambda: small.one("SELECT count(heartbeat_at) FROM offsets WHERE topic = 0") == 2, 60)
    grow(small, 4)
    eventually(lambda: small.one("SELECT count(*) FROM offsets WHERE topic = 0") == 4, 60)
    assert to_ms(small.one("SELECT min(heartbeat_at) FROM offsets WHERE topic = 0")) == NOON + 3 * HOUR
    # What was sent to a new partition before anybody read it may be missing from what was evaluated.
    small.send([UsageEvent(id=f"e{i}", time=NOON, name="open", account=f"a{i}") for i in range(40)])
    eventually(lambda: small.counted() == 40, 60)
    assert to_ms(small.one("SELECT dirty_from FROM progress")) == NOON
    small.beat(NOON + 5 * HOUR)
    eventually(lambda: to_ms(small.one("SELECT min(heartbeat_at) FROM offsets WHERE topic = 0")) == NOON + 5 * HOUR)


def by_name(pipeline: Any) -> list[tuple[Any, ...]]:
    """What is counted under declared behaviors."""
    return list(
        pipeline.rows(
            "SELECT b.behavior, sum(w.events) FROM windows w JOIN behaviors b ON b.number = w.behavior "
            "WHERE b.state = 'active' AND NOT b.automatic GROUP BY 1"
        )
    )


def test_a_behavior_that_is_built_while_partitions_are_added(
    small: Any, grow: Callable[..., None], eventually: Callable[..., Any], tmp_path: Path
) -> None:
    file = tmp_path / "behaviors.yaml"
    for _ in range(2):
        small.start(EBBTIDE_BEHAVIORS=str(file))
    small.send(load(1000))
    eventually(lambda: small.counted() == 1000, 60)
    grow(small, 4)
    file.write_text("behaviors: [{name: all of them, events: [f*]}]")
    for first in range(1000, 4000, 500):
        small.send(load(500, first)[::2], partitions=2)
        small.send(load(500, first)[1::2])
    eventually(lambda: by_name(small) == [("all of them", 4000)], 90)
    assert by_name(small) == [("all of them", 4000)]

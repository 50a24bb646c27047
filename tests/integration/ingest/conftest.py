"""A collector with a Kafka of its own, and what arrived on its topics."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import msgspec
import pytest
from kafka import KafkaConsumer, TopicPartition

from deploy.local.stack import Options, Stack
from schemas.batches import EventBatch, decode
from schemas.database import engine as engines
from schemas.database.keys import create_key
from schemas.database.workspaces import create_workspace
from schemas.events import UsageEvent
from schemas.keys import Scope
from schemas.rejections import Rejection
from schemas.topics import EVENTS, HISTORY, REJECTED
from tests.conftest import home

SETTINGS = {"EBBTIDE_MIGRATION_QUIET_SECONDS": "1"}
PARTS = ("kafka", "database", "prepare", "collector")


class Topics:
    """Everything on the collector's topics from their beginning."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap

    def records(self, topic: str) -> list[tuple[int, bytes]]:
        """Each record's partition and value, in the order of its partition."""
        # A consumer each time: one that stays leaks sockets when a test kills its broker.
        consumer = KafkaConsumer(bootstrap_servers=self._bootstrap, group_id=None)
        try:
            return list(_read(consumer, [TopicPartition(topic, n) for n in consumer.partitions_for_topic(topic)]))
        finally:
            consumer.close()

    def batches(self, topic: str = EVENTS) -> list[tuple[int, EventBatch]]:
        return [(partition, decode(value)) for partition, value in self.records(topic)]

    def events(self, workspace: int, topic: str = EVENTS) -> list[UsageEvent]:
        mine = [batch for _, batch in self.batches(topic) if batch.workspace == workspace]
        return [batch.event(i) for batch in mine for i in range(len(batch))]

    def rejections(self, workspace: int) -> list[Rejection]:
        found = [msgspec.msgpack.decode(value, type=Rejection) for _, value in self.records(REJECTED)]
        return [rejection for rejection in found if rejection.workspace == workspace]


def _read(consumer: KafkaConsumer, partitions: list[TopicPartition]) -> Iterator[tuple[int, bytes]]:
    consumer.assign(partitions)
    consumer.seek_to_beginning(*partitions)
    ends = consumer.end_offsets(partitions)
    while any(consumer.position(tp) < end for tp, end in ends.items()):
        for tp, records in consumer.poll(timeout_ms=200).items():
            yield from ((tp.partition, record.value) for record in records if record.offset < ends[tp])


class Sender:
    """A workspace of a test's own, and a client with its key."""

    def __init__(self, url: str, workspace: int, key: str, topics: Topics) -> None:
        self.url, self.workspace, self.key = url, workspace, key
        self._topics = topics
        self.client = httpx.Client(base_url=url, auth=(key, ""), timeout=30)

    def post(self, path: str, body: object = None, **more: Any) -> httpx.Response:
        if not isinstance(body, bytes | Iterator):
            body = msgspec.json.encode(body)
        return self.client.post(path, content=body, **more)

    def events(self) -> list[UsageEvent]:
        return self._topics.events(self.workspace)

    def history(self) -> list[UsageEvent]:
        return self._topics.events(self.workspace, HISTORY)

    def rejections(self) -> list[Rejection]:
        return self._topics.rejections(self.workspace)


@pytest.fixture(scope="session")
def collector() -> Iterator[Stack]:
    """A collector whose Kafka nobody else uses: another database's workspaces have the same numbers."""
    with home() as folder, Stack(folder, Options(parts=PARTS, durable=False, plain=True), SETTINGS) as running:
        yield running


@pytest.fixture(scope="session")
def topics(collector: Stack) -> Topics:
    return Topics(collector.kafka)


@pytest.fixture(scope="session")
def senders(collector: Stack, topics: Topics) -> Iterator[Iterator[Sender]]:
    """Many workspaces made at once, so that only the first test waits until their keys are known."""
    engine = engines.create(collector.database, pool=1)
    numbers = [create_workspace(engine, uuid.uuid4().hex) for _ in range(200)]
    keys = [create_key(engine, number, [Scope.INGEST], "test") for number in numbers]
    engine.dispose()
    url = collector.url("collector")
    made = [Sender(url, number, key, topics) for number, key in zip(numbers, keys, strict=True)]
    yield iter(made)
    for sender in made:
        sender.client.close()


@pytest.fixture
def sender(senders: Iterator[Sender], eventually: Callable[..., Any]) -> Sender:
    """A workspace of the test's own."""
    mine = next(senders)
    eventually(lambda: mine.post("/v1/validate", []).status_code == 200)
    return mine

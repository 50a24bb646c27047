"""The real servers that every other test stands on."""

from collections.abc import Callable

import psycopg2
import pytest
from kafka import KafkaConsumer, KafkaProducer


def test_what_kafka_acknowledged_is_read_again(kafka: str, topic: Callable[..., str]) -> None:
    name = topic(partitions=2)
    producer = KafkaProducer(bootstrap_servers=kafka)
    producer.send(name, b"one", partition=1).get(10)
    producer.close()
    consumer = KafkaConsumer(name, bootstrap_servers=kafka, auto_offset_reset="earliest", consumer_timeout_ms=10_000)
    assert next(iter(consumer)).value == b"one"
    consumer.close()


@pytest.mark.parametrize("kind", ["database_url", "plain_database_url"])
def test_a_database_is_migrated_and_empty(request: pytest.FixtureRequest, kind: str) -> None:
    request.getfixturevalue(kind.replace("database_url", "databases"))
    url = request.getfixturevalue(kind)
    connection = psycopg2.connect(url)
    cursor = connection.cursor()
    cursor.execute("SELECT count(*) FROM workspaces")
    assert cursor.fetchone() == (0,)
    connection.close()


def test_the_plain_database_has_no_timescaledb(plain_databases: object) -> None:
    assert not plain_databases.timescaledb  # type: ignore[attr-defined]

"""Kafka's start, rehearsed once: what a JVM loads then is kept (JEP 483 and 514), and every later start takes half."""

import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from kafka import KafkaConsumer, KafkaProducer
from kafka.admin import KafkaAdminClient, NewTopic
from kafka.errors import KafkaError

from deploy.local import cache, jars
from deploy.local.errors import LocalError
from deploy.local.kafka import Kafka, java_command

_RECORDS = 1000


def rehearse(say: Callable[[str], None]) -> None:
    """Makes the JVM's cache if it is not there; where that fails, Kafka starts as slowly as ever, and that is said."""
    if cache.find(jars.LOADED) is not None:
        return
    say("Rehearsing Kafka's start, so that later ones take half the time (once) …")
    try:
        with tempfile.TemporaryDirectory(prefix="ebbtide-rehearsal-") as home, cache.filling(jars.LOADED) as making:
            _record(Path(home), making)
    except (LocalError, KafkaError, OSError) as error:
        say(f"It could not be rehearsed, so Kafka starts more slowly. {error}")


def _record(home: Path, making: Path) -> None:
    recorded = f"-XX:AOTConfiguration={home / 'recorded'}"
    with Kafka(home / "kafka", java=["-XX:AOTMode=record", recorded]) as kafka:
        _perform(kafka.bootstrap)
    create = java_command(home, "kafka.Kafka", java=["-XX:AOTMode=create", recorded, f"-XX:AOTCache={making}"])
    done = subprocess.run(create, capture_output=True, text=True, check=False)  # noqa: S603
    if not making.exists():
        raise LocalError(f"Java made no cache of it: {(done.stderr or done.stdout).strip()[-500:]}")


def _perform(bootstrap: str) -> None:
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    admin.create_topics([NewTopic("rehearsal", 2, 1)])
    admin.close()
    producer = KafkaProducer(bootstrap_servers=bootstrap, acks="all")
    for _ in range(_RECORDS):
        producer.send("rehearsal", bytes(100))
    producer.close()
    consumer = KafkaConsumer(
        "rehearsal",
        bootstrap_servers=bootstrap,
        group_id="rehearsal",
        auto_offset_reset="earliest",
        consumer_timeout_ms=10_000,
    )
    for _ in zip(range(_RECORDS), consumer, strict=False):
        pass
    consumer.close()

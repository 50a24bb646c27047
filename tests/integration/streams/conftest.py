"""A pipeline of a test's own: topics under a prefix of its own, a database, and workers to start, stop and kill."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaProducer
from kafka.admin import KafkaAdminClient, NewTopic
from sqlalchemy import Engine, text

from schemas.batches import encode, encode_closing, encode_heartbeat
from schemas.database import engine as engines
from schemas.database.workspaces import create_workspace
from schemas.events import UsageEvent
from schemas.topics import EVENTS, TOPICS, slot_of

PARTITIONS = 4


class Pipeline:
    """Topics, a database with one workspace, and workers on them."""

    def __init__(self, kafka: str, url: str, prefix: str, partitions: int) -> None:
        self.kafka, self.url, self.prefix = kafka, url, prefix
        self.partitions = partitions
        self.engine: Engine = engines.create(url, pool=3)
        self.workspace = create_workspace(self.engine, "test")
        self.producer = KafkaProducer(bootstrap_servers=kafka, acks="all", metadata_max_age_ms=1000)
        self.workers: list[subprocess.Popen[bytes]] = []
        self.settings: dict[str, str] = {}

    def send(
        self,
        events: Sequence[UsageEvent],
        *,
        topic: str = EVENTS,
        per: int = 50,
        received: int = 0,
        source: str = "t",
        partitions: int = 0,
    ) -> None:
        """Produces events as the collector does: many to a record, each in its slot's partition (of `partitions`)."""
        by: dict[int, list[UsageEvent]] = {}
        for event in events:
            by.setdefault(slot_of(self.workspace, event.routing) % (partitions or self.partitions), []).append(event)
        for partition, of in by.items():
            for k in range(0, len(of), per):
                value = encode(self.workspace, received or of[k].time, source, of[k : k + per])
                self.producer.send(self.prefix + topic, value, partition=partition)
        self.producer.flush()

    def beat(self, received: int) -> None:
        for partition in range(self.partitions):
            self.producer.send(self.prefix + EVENTS, encode_heartbeat(received, "t"), partition=partition)
        self.producer.flush()

    def close_import(self, topic: str, received: int, import_id: str) -> None:
        for partition in range(self.partitions):
            value = encode_closing(self.workspace, received, import_id)
            self.producer.send(self.prefix + topic, value, partition=partition)
        self.producer.flush()

    def raw(self, value: bytes, *, topic: str = EVENTS, partition: int = 0) -> None:
        self.producer.send(self.prefix + topic, value, partition=partition)
        self.producer.flush()

    def start(self, **more: str) -> subprocess.Popen[bytes]:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        environment = {
            **os.environ,
            "EBBTIDE_KAFKA": self.kafka,
            "EBBTIDE_DATABASE_URL": self.url,
            "EBBTIDE_TOPIC_PREFIX": self.prefix,
            "EBBTIDE_WORKER_GROUP": f"{self.prefix}group",
            "EBBTIDE_WORKER_METRICS_HOST": "127.0.0.1",
            "EBBTIDE_WORKER_METRICS_PORT": str(port),
            "EBBTIDE_PARTITIONS": str(self.partitions),
            **self.settings,
            **more,
        }
        log = Path(tempfile.gettempdir()) / f"{self.prefix}{len(self.workers)}.log"
        with log.open("wb") as out:
            worker = subprocess.Popen([sys.executable, "-m", "streams"], env=environment, stdout=out, stderr=out)
        worker.log, worker.port = log, port  # type: ignore[attr-defined]
        self.workers.append(worker)
        return worker

    def ready(self, worker: Any) -> bool:
        with suppress(OSError):
            return bool(urllib.request.urlopen(f"http://127.0.0.1:{worker.port}/readyz", timeout=3).status == 200)
        return False

    def metric(self, worker: Any, name: str) -> float:
        page = urllib.request.urlopen(f"http://127.0.0.1:{worker.port}/metrics", timeout=3).read().decode()
        return sum(float(line.split()[-1]) for line in page.splitlines() if line.startswith(name))

    def stop(self, worker: subprocess.Popen[bytes], how: int = signal.SIGTERM) -> int:
        worker.send_signal(how)
        return worker.wait(30)

    def one(self, statement: str, **values: Any) -> Any:
        with self.engine.connect() as connection:
            return connection.execute(text(statement), values).scalar()

    def rows(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(statement), values)]

    def counted(self) -> int:
        """Events counted in `*`."""
        return int(self.one("SELECT coalesce(sum(events), 0) FROM windows WHERE behavior = 0"))

    def end(self) -> None:
        for worker in self.workers:
            if worker.poll() is None:
                worker.send_signal(signal.SIGCONT)
                worker.kill()
                worker.wait()
            print(worker.log.read_text()[-3000:])  # type: ignore[attr-defined] # pytest shows it where a test fails
            worker.log.unlink()  # type: ignore[attr-defined]
        self.producer.close()
        self.engine.dispose()


@pytest.fixture
def pipelines(kafka: str, kafka_admin: KafkaAdminClient) -> Iterator[Callable[..., Pipeline]]:
    with ExitStack() as made:

        def make(url: str, partitions: int = PARTITIONS) -> Pipeline:
            prefix = f"t{uuid.uuid4().hex[:8]}-"
            names = [prefix + topic.name for topic in TOPICS]
            topics = [NewTopic(name, partitions if "events" in name else 1, 1) for name in names]
            kafka_admin.create_topics(topics, wait_for_metadata=True)
            pipeline = Pipeline(kafka, url, prefix, partitions)
            made.callback(kafka_admin.delete_topics, names)
            made.callback(pipeline.end)
            return pipeline

        yield make


@pytest.fixture
def pipeline(pipelines: Callable[..., Pipeline], database_url: str) -> Pipeline:
    return pipelines(database_url)

"""What the benchmarks share: real servers, topics full of events, the peers' own environment, and the table."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from kafka import KafkaProducer
from kafka.admin import KafkaAdminClient, NewTopic

from benchmarks.load import events
from deploy.local.kafka import Kafka
from schemas.batches import encode
from schemas.events import UsageEvent
from schemas.topics import slot_of

ROOT = Path(__file__).resolve().parents[1]
PEERS = ROOT / ".venv-bench"
PARTITIONS = 8
PER_RECORD = 200
WORKSPACE = 1
TOPICS = ("events", "events.history", "events.rejected", "ticks")


@dataclass(frozen=True)
class Result:
    """What one contestant reached: events a second in each run."""

    name: str
    rates: list[float]

    @property
    def rate(self) -> float:
        """The median."""
        return statistics.median(self.rates)


@contextmanager
def kafka() -> Iterator[str]:
    """A Kafka of the benchmark's own."""
    with tempfile.TemporaryDirectory(prefix="ebbtide-bench-") as folder, Kafka(Path(folder), port=39092) as server:
        yield server.bootstrap


def fill_batches(bootstrap: str, n: int, names: Sequence[str] = TOPICS) -> str:
    """Topics under a new prefix with n events, 200 to a record, as the collector writes them; returns the prefix."""
    prefix = f"bench-{uuid.uuid4().hex[:6]}-"
    _create(bootstrap, {prefix + name: PARTITIONS for name in names})
    producer = KafkaProducer(bootstrap_servers=bootstrap, acks="all", linger_ms=20)
    waiting: dict[int, list[UsageEvent]] = {}
    for event_id, time, name, account, user in events(n):
        event = UsageEvent(id=event_id, time=time, name=name, account=account, user=user)
        partition = slot_of(WORKSPACE, account) % PARTITIONS
        batch = waiting.setdefault(partition, [])
        batch.append(event)
        if len(batch) == PER_RECORD:
            _send(producer, prefix, partition, batch)
            batch.clear()
    for partition, batch in waiting.items():
        _send(producer, prefix, partition, batch)
    producer.flush()
    producer.close()
    return prefix


def _send(producer: KafkaProducer, prefix: str, partition: int, batch: list[UsageEvent]) -> None:
    if batch:
        producer.send(f"{prefix}events", encode(WORKSPACE, batch[-1].time, "bench", batch), partition=partition)


def fill_singles(bootstrap: str, n: int) -> str:
    """A topic with the first n events, one a record, keyed by account; returns its name."""
    topic = f"bench-{uuid.uuid4().hex[:6]}-singles"
    _create(bootstrap, {topic: PARTITIONS})
    peer("fill", bootstrap, topic, n)
    return topic


def _create(bootstrap: str, topics: dict[str, int]) -> None:
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    # Their events are made up and old: without this, retention deletes them under the benchmark.
    made = [NewTopic(name, n, 1, topic_configs={"retention.ms": "-1"}) for name, n in topics.items()]
    admin.create_topics(made, wait_for_metadata=True)
    admin.close()


def peer(name: str, *arguments: object) -> Result:
    """Runs a peer's script once in the peers' environment; it prints `{"events": …, "seconds": …}`."""
    command = [str(_peers() / "bin" / "python"), str(ROOT / "benchmarks" / "peers" / f"{name}.py")]
    return measure([*command, *map(str, arguments)], name, 1)


def measure(command: list[str], label: str, runs: int) -> Result:
    """Runs a contestant several times, one after the other."""
    rates = []
    for _ in range(runs):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=150, check=False)
        if done.returncode:
            raise SystemExit(f"{label} failed with {done.returncode}:\n{done.stderr[-3000:]}")
        # Faust writes to the terminal, too.
        counted: dict[str, Any] = json.JSONDecoder().raw_decode(done.stdout[done.stdout.index('{"events"') :])[0]
        rates.append(counted["events"] / counted["seconds"])
        if counted.get("profile"):
            print(counted["profile"])
    return Result(label, rates)


def _peers() -> Path:
    """The peers' environment, made when it is missing; what they need never touches ours."""
    if not (PEERS / ".ready").exists():
        print(f"Making the peers' environment in {PEERS} (once) …", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(PEERS)], check=True)
        requirements = ROOT / "benchmarks" / "peers" / "requirements.txt"
        pip = [str(PEERS / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", "-r", str(requirements)]
        subprocess.run(pip, check=True)
        (PEERS / ".ready").touch()
    return PEERS


def show(title: str, ours: Result, peers: Sequence[tuple[Result, float]]) -> bool:
    """Prints one table: rates, our ratio to each, and whether the wanted ratio is reached; true when all are."""
    machine = f"{os.cpu_count()} cores, {psutil.virtual_memory().total >> 30} GB"
    print(f"\n{title}\n{machine}; medians of {len(ours.rates)} runs")
    print(f"  {'':44}{'events/s':>12}{'ours is':>10}{'wanted':>9}")
    print(f"  {ours.name:44}{ours.rate:>12,.0f}")
    reached = True
    for other, wanted in peers:
        ratio = ours.rate / other.rate
        reached &= ratio >= wanted
        print(
            f"  {other.name:44}{other.rate:>12,.0f}{ratio:>8.1f} x{wanted:>7g} x{'' if ratio >= wanted else '  MISSED'}"
        )
    return reached

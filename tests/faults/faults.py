"""The faults, one function each: it does the harm, and returns once that is over. What heals is not its task."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import msgspec
import psutil
from kafka import KafkaProducer
from kafka.admin import KafkaAdminClient

from deploy.local.stack import Stack
from schemas.batches import ROWS, encode
from schemas.events import UsageEvent
from schemas.topics import EVENTS, HISTORY, slot_of
from tests.faults.asking import ask
from tests.faults.client import Ledger, Traffic
from tests.faults.receiver import Receiver

FROZEN = 13.0  # seconds; a worker's session with Kafka ends after 10
IMPORTED = 5_000


@dataclass
class Target:
    """What faults do harm to; `partitions`, `older`, `poison` and `imported` say what they have made of it so far."""

    stack: Stack
    traffic: Traffic
    random: random.Random
    partitions: int
    ledger: Path
    answered: Callable[[], int] = lambda: 0
    older: int = 0
    poison: int = 0
    imported: Counter[tuple[str, str]] = field(default_factory=Counter)  # rows by account and hour
    receiver: Receiver = field(default_factory=Receiver)


Fault = Callable[[Target], None]
FAULTS: dict[str, Fault] = {}
OF_THREE = {"lose_a_broker"}  # what only three brokers survive
FOLDERS = {"kafka": "kafka", "database": "postgres"}  # where the servers keep what they must not lose


def fault(function: Fault) -> Fault:
    """Adds a fault to the registry, under its function's name."""
    FAULTS[function.__name__] = function
    return function


def _family(target: Target, part: str) -> list[psutil.Process]:
    """The part's processes; where it is being started again just now, those that come."""
    deadline = time.monotonic() + 20
    name = part if part in target.stack.supervisor.processes else f"{part}-1"  # one of three brokers
    while time.monotonic() < deadline:
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(target.stack.pid(name))
            if process.status() != psutil.STATUS_ZOMBIE:
                return [process, *process.children(recursive=True)]
        time.sleep(0.05)
    raise AssertionError(f"{part} does not run, so nothing can be done to it")


def _send(family: list[psutil.Process], number: int) -> None:
    for process in family:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def _kill(part: str, target: Target) -> None:
    _send(_family(target, part), signal.SIGKILL)


def _freeze(part: str, target: Target) -> None:
    family = _family(target, part)
    _send(family, signal.SIGSTOP)
    try:
        time.sleep(FROZEN)
    finally:
        _send(family, signal.SIGCONT)


for _part in ("collector", "worker-1", "api", "kafka", "database"):
    FAULTS[f"kill_{_part.partition('-')[0]}"] = partial(_kill, _part)
    FAULTS[f"freeze_{_part.partition('-')[0]}"] = partial(_freeze, _part)


@fault
def kill_everything(target: Target) -> None:
    """As if the power had gone, but for what the disks forget."""
    for part in ("collector", "worker-1", "kafka", "database", "api"):
        _kill(part, target)


@fault
def scale(target: Target) -> None:
    """1 → 2 → 4 → 1 workers."""
    for workers in (2, 4, 1):
        target.stack.scale(workers)
        time.sleep(target.random.uniform(0.5, 2))


@fault
def zombie(target: Target) -> None:
    """A worker stops, another takes its partitions over, and the first comes back in the middle of what it did."""
    family = _family(target, "worker-1")
    _send(family, signal.SIGSTOP)
    try:
        target.stack.scale(2)
        time.sleep(FROZEN)
    finally:
        _send(family, signal.SIGCONT)
    time.sleep(2)
    target.stack.scale(1)


@fault
def stop_in_transaction(target: Target) -> None:
    """A worker stops in the middle of a transaction that has written already; another takes over meanwhile."""
    deadline = time.monotonic() + 30
    while True:
        family = _family(target, "worker-1")
        _send(family, signal.SIGSTOP)
        if _writes(target):
            break
        _send(family, signal.SIGCONT)
        assert time.monotonic() < deadline, "no transaction of the worker was met"
        time.sleep(target.random.uniform(0, 0.02))
    try:
        target.stack.scale(2)
        time.sleep(FROZEN)
    finally:
        _send(family, signal.SIGCONT)
    target.stack.scale(1)


def _writes(target: Target) -> bool:
    found = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'ebbtide worker' AND backend_xid IS NOT NULL"
    return bool(ask(target.stack, found))


@fault
def replay_from_zero(target: Target) -> None:
    """Somebody sets every offset back to the beginning; the memory of ids has to hold."""
    ask(target.stack, "UPDATE offsets SET next_offset = 0, version = version + 1 RETURNING 1")


@fault
def older_records(target: Target) -> None:
    """Other producers write the records' first version, beside the collector's own."""
    count, now = 300, time.time()  # noqa: TID251 - a producer's clock is its own
    first = target.older
    target.older += count
    stamp = time.strftime("%Y-%m-%dT%H", time.gmtime(now))
    events = [
        UsageEvent(id=f"o{i}", time=int(now) // 3600 * 3_600_000, name=f"f{i % 7}", account=f"a{i % 200}", user="o")
        for i in range(first, first + count)
    ]
    producer = KafkaProducer(bootstrap_servers=target.stack.kafka.split(","), acks="all")
    try:
        for event in events:
            rows = [1, int(now * 1000), "older", [event]]
            producer.send(
                EVENTS,
                bytes([ROWS]) + msgspec.msgpack.encode(rows),
                partition=slot_of(1, event.routing) % target.partitions,
            )
        producer.flush()
    finally:
        producer.close()
    with closing(Ledger(target.ledger)) as ledger:
        ledger.note({"id": one.id, "account": one.account, "hour": stamp} for one in events)


@fault
def hang_receiver(target: Target) -> None:
    """Whoever hears of alerts takes what comes and answers nothing, while the worker dies."""
    target.receiver.hang()
    try:
        time.sleep(target.random.uniform(0.5, 2))
        _kill("worker-1", target)
        time.sleep(FROZEN)
    finally:
        target.receiver.go_on()


@fault
def lose_a_broker(target: Target) -> None:
    """One of three is killed and stays away until a good deal was answered without it."""
    before, supervisor = target.answered(), target.stack.supervisor
    process = supervisor.processes.pop("kafka-2")
    process.kill()
    process.end()
    deadline = time.monotonic() + 120
    while target.answered() < before + 20:
        assert time.monotonic() < deadline, "nothing is accepted while one of three brokers is away"
        time.sleep(0.1)
    supervisor.start(process.part)


def _fill_disk(part: str, target: Target) -> None:
    """No byte is left on a server's disk for a while; then there is room again, and nobody does anything else."""
    ballast = target.stack.home / FOLDERS[part] / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(1 << 20)):
            pass
    try:
        time.sleep(FROZEN)
    finally:
        ballast.unlink()


FAULTS |= {f"fill_disk_of_{part}": partial(_fill_disk, part) for part in FOLDERS}
OF_SMALL_DISKS = {f"fill_disk_of_{part}" for part in FOLDERS}


@fault
def add_partitions(target: Target) -> None:
    """Keys move, and the ids that were counted have to go with them."""
    target.partitions += target.random.choice((1, 2))
    client = KafkaAdminClient(bootstrap_servers=target.stack.kafka.split(","))
    try:
        client.create_partitions({EVENTS: target.partitions, HISTORY: target.partitions})
    finally:
        client.close()


@fault
def poison(target: Target) -> None:
    """Records that nobody can read or that belong to nobody, straight on the topic."""
    good = encode(1, 0, "poison", [UsageEvent(id="x", time=0, name="x", account="x", user="x")])
    nobodys = encode(999_999, 0, "poison", [UsageEvent(id="y", time=0, name="y", account="y", user="y")])
    records = [b"", b"\xff" * 64, good[: len(good) // 2], b'{"event": "json"}', nobodys, target.random.randbytes(300)]
    producer = KafkaProducer(bootstrap_servers=target.stack.kafka.split(","), acks="all")
    try:
        for value in records:
            producer.send(EVENTS, value, partition=target.random.randrange(2))
        producer.flush()
    finally:
        producer.close()
    target.poison += len(records)


@contextmanager
def _mood(target: Target, mood: str) -> Iterator[None]:
    target.traffic.moods.add(mood)
    try:
        yield
    finally:
        target.traffic.moods.discard(mood)


def _moody(mood: str, target: Target) -> None:
    with _mood(target, mood):
        time.sleep(3)


for _name, _how in {"days_late": "late", "future_dated": "ahead", "one_large_tenant": "skewed"}.items():
    FAULTS[_name] = partial(_moody, _how)


@fault
def kill_worker_under_skew(target: Target) -> None:
    with _mood(target, "skewed"):
        time.sleep(1)
        _kill("worker-1", target)
        time.sleep(2)


@fault
def import_history(target: Target) -> None:
    """A year's file is imported while live events come in, and the worker dies on the way."""
    first = target.imported.total()
    rows = [
        (f"2025-{i % 12 + 1:02d}-{i % 28 + 1:02d}T{i % 24:02d}", f"a{i % 200}", i)
        for i in range(first, first + IMPORTED)
    ]
    file = target.stack.home / f"history-{first}.csv"
    lines = (f"{hour}:00:00Z,{account},h{i},f{i % 7}\n" for hour, account, i in rows)
    file.write_text("time,account,user,behavior\n" + "".join(lines))
    command = [sys.executable, "-c", "from deploy.local.cli import app; app()", "import", str(file), "--no-wait"]
    with subprocess.Popen(
        [*command, "--data", str(target.stack.home)],
        env=os.environ | {"XDG_STATE_HOME": str(target.stack.home / "state")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        time.sleep(target.random.uniform(1, 4))
        _kill("worker-1", target)
        said = running.communicate()[1]
    assert running.returncode == 0, said
    target.imported.update((account, hour) for hour, account, _ in rows)

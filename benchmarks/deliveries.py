"""Deliveries: 10,000 alerts released in a minute, each for one of 50 endpoints, one of them dead; release to receiver.

`python -m benchmarks.deliveries [--alerts N] [--seconds S]`: real Kafka, TimescaleDB with fsync, a worker's delivery in
a process of its own, 49 receivers that note when a message comes, and one that takes connections and says nothing.
Alerts are written as an evaluation writes them, topic `alerts` included; released means committed.
"""

import argparse
import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from kafka.admin import KafkaAdminClient, NewTopic
from sqlalchemy import insert, text

from benchmarks.running import ROOT, kafka
from deploy.local.postgres import Postgres
from schemas.alerts import AlertRecord, TransitionRecord
from schemas.clock import to_datetime, wall_ms
from schemas.database import engine as engines
from schemas.database.alerts import write_alerts
from schemas.database.endpoints import create_endpoint
from schemas.database.engine import Engine
from schemas.database.migrate import upgrade
from schemas.database.tables import accounts
from schemas.database.workspaces import create_workspace

ENDPOINTS = 50
WANTED = 5.0  # seconds, p99
_BATCHES = 5  # evaluations a second
_PATIENCE = 60.0
_DELIVER = """
import asyncio, sys
from types import SimpleNamespace
from schemas.database import engine as engines
from streams import delivery

settings = SimpleNamespace(kafka=sys.argv[2], topic_prefix="bench-", webhooks_allow_private=True, webhooks_attempts=14,
                           smtp_url="", smtp_from="")
asyncio.run(delivery.run(engines.create(sys.argv[1]), settings, asyncio.Event()))
"""


class Receivers(threading.Thread):
    """49 endpoints in one thread: each answers 204 at once and notes when an alert came first."""

    def __init__(self, number: int) -> None:
        super().__init__(daemon=True)
        self.came: dict[str, float] = {}
        self.doubled = 0
        self._sockets = [socket.create_server(("127.0.0.1", 0), backlog=200) for _ in range(number)]
        self.urls = [f"http://127.0.0.1:{one.getsockname()[1]}/" for one in self._sockets]

    def run(self) -> None:
        """Serves for as long as the process lives."""
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        servers = [await asyncio.start_server(self._answer, sock=one) for one in self._sockets]
        await asyncio.gather(*(server.serve_forever() for server in servers))

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = int(head.split("content-length:")[1].split("\r\n")[0])
        alert = json.loads(await reader.readexactly(length))["data"]["id"]
        self.doubled += alert in self.came
        self.came.setdefault(alert, time.monotonic())
        writer.write(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")
        await writer.drain()
        writer.close()


def main() -> int:
    """Prints what was measured; the exit code is 1 where the figure was missed or an alert did not come."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--alerts", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=60.0)
    wanted = parser.parse_args()
    with kafka() as bootstrap, _database() as (url, engine), socket.create_server(("127.0.0.1", 0)) as dead:
        admin = KafkaAdminClient(bootstrap_servers=bootstrap)
        admin.create_topics([NewTopic("bench-alerts", 8, 1)], wait_for_metadata=True)
        admin.close()
        receivers = Receivers(ENDPOINTS - 1)
        receivers.start()
        workspace = _prepare(engine, [f"http://127.0.0.1:{dead.getsockname()[1]}/", *receivers.urls])
        command = [sys.executable, "-c", _DELIVER, url, bootstrap]
        worker = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "EBBTIDE_CONFIG": os.devnull})
        try:
            _wait(receivers, len(_release(engine, workspace, range(-ENDPOINTS, 0), 0)))  # the worker is up
            receivers.came.clear()
            released = _release(engine, workspace, range(wanted.alerts), wanted.seconds)
            _wait(receivers, len(released))
            return _show(engine, wanted, released, receivers)
        finally:
            worker.terminate()
            worker.wait()


def _prepare(engine: Engine, urls: list[str]) -> int:
    """A workspace with an account and a CSM for each endpoint, so that each alert is for one of them."""
    workspace = create_workspace(engine, "bench")
    with engine.begin() as connection:
        for number, url in enumerate(urls):
            row = {"workspace": workspace, "number": number + 1, "account": f"a{number}"}
            connection.execute(insert(accounts).values(row | {"traits": {"csm": f"csm{number}"}}))
            create_endpoint(connection, workspace, {"url": url, "csms": [f"csm{number}"]})
    return workspace


def _release(engine: Engine, workspace: int, alerts: range, seconds: float) -> dict[str, float]:
    """Writes alerts evenly over `seconds`; of those for the living endpoints, when their transaction had committed."""
    released: dict[str, float] = {}
    batches, started = max(round(seconds * _BATCHES), 1), time.monotonic()
    for batch in range(batches):
        numbers = alerts[len(alerts) * batch // batches : len(alerts) * (batch + 1) // batches]
        made = [_alert(number) for number in numbers]
        with engine.begin() as connection:
            write_alerts(connection, workspace, made, to_datetime(wall_ms()))
        now = time.monotonic()
        released |= {alert.episode: now for alert, _ in made if alert.account != 1}
        time.sleep(max(started + (batch + 1) / _BATCHES - time.monotonic(), 0) if seconds else 0)
    return released


def _alert(number: int) -> tuple[AlertRecord, list[TransitionRecord]]:
    at, name = to_datetime(wall_ms()), f"alert{number}"
    evidence = {"observed": 5.0, "expected": 29.0, "users_gone": [{"user": f"user-{i}"} for i in range(10)]}
    alert = AlertRecord(
        episode=name, fingerprint=name, kind="behavior.dropped", account=number % ENDPOINTS + 1, state="firing",
        origin="live", onset=at, fired_at=at, sequence=1, sentence="It fell from 29 to 5.", evidence=evidence,
    )  # fmt: skip
    step = TransitionRecord(episode=name, sequence=1, transition="fired", at=at, reason="6.1 > 4.0", evidence=evidence)
    return alert, [step]


def _wait(receivers: Receivers, wanted: int) -> None:
    deadline = time.monotonic() + _PATIENCE
    while len(receivers.came) < wanted and time.monotonic() < deadline:
        time.sleep(0.1)


def _show(engine: Engine, wanted: Any, released: dict[str, float], receivers: Receivers) -> int:
    missing = released.keys() - receivers.came.keys()
    delays = np.array([receivers.came[alert] - at for alert, at in released.items() if alert in receivers.came])
    p50, p99 = np.percentile(delays, [50, 99])
    with engine.begin() as connection:
        states = connection.execute(text("SELECT state, count(*) FROM outbox GROUP BY state ORDER BY state")).all()
    reached = not missing and p99 <= WANTED
    memory = psutil.virtual_memory().total >> 30
    print(f"\nDeliveries: {wanted.alerts:,} alerts released in {wanted.seconds:g} s, {ENDPOINTS} endpoints, one dead")
    machine = f"{os.cpu_count()} cores (load {os.getloadavg()[0]:.1f}), {memory} GB"
    print(f"{machine}; one worker, TimescaleDB with fsync, Kafka")
    print(f"  for the others: {len(delays):,} came, {len(missing):,} did not, {receivers.doubled:,} came twice")
    print(f"  release to receiver: p50 {p50:.2f} s, p99 {p99:.2f} s, most {delays.max():.2f} s (wanted: {WANTED:g} s)")
    print(f"  outbox, topic included: {', '.join(f'{count:,} {state}' for state, count in states)}")
    print("  reached" if reached else "  MISSED")
    return 0 if reached else 1


@contextmanager
def _database() -> Iterator[tuple[str, Engine]]:
    with tempfile.TemporaryDirectory(prefix="ebbtide-bench-") as folder, Postgres(Path(folder), port=35432) as server:
        upgrade(server.url)
        engine = engines.create(server.url)
        try:
            yield server.url, engine
        finally:
            engine.dispose()


if __name__ == "__main__":
    sys.exit(main())

"""Nothing that was answered with 200 is lost, and nothing grows, when Kafka hangs, the database goes or we are ended."""

import asyncio
import os
import signal
import subprocess
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import psutil
import pytest

from deploy.local.stack import Stack
from schemas.database import engine as engines
from schemas.database.keys import list_keys, revoke_key
from schemas.events import UsageEvent
from tests.integration.ingest.conftest import PARTS, Topics


@pytest.fixture
def breakable(new_stack: Callable[..., Stack]) -> Stack:
    """A collector with servers of its own."""
    return new_stack(parts=PARTS, durable=False, plain=True, environment={"EBBTIDE_IN_FLIGHT_BYTES": "8000000"})


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


class Load:
    """Many clients that send batches of unique events and note how each was answered."""

    def __init__(self, stack: Stack, clients: int = 24, padding: int = 0) -> None:
        self._url, self._clients, self._padding = stack.url("collector"), clients, padding
        self._auth = (stack.write_key, "")
        self.kept: set[str] = set()
        self.statuses: Counter[int] = Counter()
        self.retry_after: set[str | None] = set()

    def run(self, seconds: float) -> None:
        asyncio.run(self._run(time.monotonic() + seconds))

    async def _run(self, until: float) -> None:
        async with httpx.AsyncClient(base_url=self._url, auth=self._auth, timeout=30) as client:
            await asyncio.gather(*(self._send(client, until) for _ in range(self._clients)))

    async def _send(self, client: httpx.AsyncClient, until: float) -> None:
        while time.monotonic() < until:
            ids = [uuid.uuid4().hex for _ in range(20)]
            extra = {"properties": {"padding": "x" * self._padding}}
            batch = [{"type": "track", "event": "a", "userId": i, "messageId": i, **extra} for i in ids]
            try:
                answer = await client.post("/v1/batch", json={"batch": batch})
            except httpx.TransportError:
                self.statuses[0] += 1
                await asyncio.sleep(0.05)
                continue
            self.statuses[answer.status_code] += 1
            if answer.status_code == 200:
                self.kept.update(ids)
            else:
                self.retry_after.add(answer.headers.get("retry-after"))
                await asyncio.sleep(0.05)


def stored(stack: Stack) -> list[UsageEvent]:
    topics = Topics(stack.kafka)
    try:
        return topics.events(1)
    finally:
        topics.close()


def test_a_kafka_that_hangs(breakable: Stack, eventually: Callable[..., Any]) -> None:
    process = psutil.Process(breakable.pid("collector"))
    load = Load(breakable, padding=2_000)
    load.run(2)
    assert load.statuses.keys() == {200}
    before = process.memory_info().rss
    with stopped(breakable.pid("kafka")):
        load.run(10)
        early = process.memory_info().rss
        load.run(8)
        assert process.memory_info().rss - early < 12_000_000
        assert early - before < 60_000_000
        assert httpx.get(f"{breakable.url('collector')}/readyz").status_code == 503
        assert httpx.get(f"{breakable.url('collector')}/livez").status_code == 200
    assert load.statuses.keys() == {200, 503}
    assert load.retry_after == {"2"}
    eventually(lambda: httpx.get(f"{breakable.url('collector')}/readyz").status_code == 200, patience=30)
    load.run(1)
    assert load.kept <= {event.id for event in stored(breakable)}


def test_refused_at_once_while_kafka_hangs(breakable: Stack) -> None:
    url, auth = breakable.url("collector"), (breakable.write_key, "")
    event = {"event": "a", "userId": "ada"}
    with stopped(breakable.pid("kafka")):
        first = time.monotonic()
        assert httpx.post(f"{url}/v1/track", json=event, auth=auth, timeout=20).status_code == 503
        assert time.monotonic() - first < 10
        second = time.monotonic()
        assert httpx.post(f"{url}/v1/import/i/close", auth=auth, timeout=20).status_code in (200, 503)
        assert time.monotonic() - second < 10


def test_the_end_loses_nothing_that_was_answered(breakable: Stack) -> None:
    load = Load(breakable)
    with subprocess.Popen(["sleep", "2"]) as timer:

        async def run() -> None:
            sending = asyncio.create_task(load._run(time.monotonic() + 5))
            await asyncio.to_thread(timer.wait)
            os.kill(breakable.pid("collector"), signal.SIGTERM)
            await sending

        asyncio.run(run())
    assert 500 not in load.statuses
    ids = [event.id for event in stored(breakable)]
    assert load.kept <= set(ids)
    assert len(load.kept) > 100


def test_a_broker_that_restarts(breakable: Stack, eventually: Callable[..., Any]) -> None:
    load = Load(breakable)
    load.run(1)
    os.kill(breakable.pid("kafka"), signal.SIGKILL)
    load.run(12)
    eventually(lambda: httpx.get(f"{breakable.url('collector')}/readyz").status_code == 200, patience=30)
    load.run(2)
    assert load.statuses.keys() <= {200, 503}
    assert load.kept <= {event.id for event in stored(breakable)}


def test_a_revoked_key_ends_within_seconds(breakable: Stack, eventually: Callable[..., Any]) -> None:
    url, auth = breakable.url("collector"), (breakable.write_key, "")
    engine = engines.create(breakable.database, pool=1)
    with engine.begin() as connection:
        mine = next(key for key in list_keys(connection, 1) if breakable.write_key.startswith(key["prefix"]))
        assert revoke_key(connection, 1, mine["id"])
    engine.dispose()
    event = {"event": "a", "userId": "ada"}
    eventually(lambda: httpx.post(f"{url}/v1/track", json=event, auth=auth).status_code == 401, patience=5)


def test_known_keys_go_on_without_the_database(breakable: Stack) -> None:
    url, auth = breakable.url("collector"), (breakable.write_key, "")
    with stopped(breakable.pid("database")):
        time.sleep(4)
        answer = httpx.post(f"{url}/v1/track", json={"event": "a", "userId": "ada"}, auth=auth)
        assert answer.status_code == 200

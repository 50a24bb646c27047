"""Nothing answered with 200 is lost, and nothing grows, when Kafka hangs, the database goes or we are ended."""

import asyncio
import os
import signal
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import psutil

from deploy.local.stack import Stack
from schemas.database import engine as engines
from schemas.database.keys import list_keys, revoke_key


@contextmanager
def stopped(*pids: int) -> Iterator[None]:
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


class Load:
    """Many clients that send batches of unique events and note how each was answered."""

    def __init__(self, sender: Any, clients: int = 24, padding: int = 0) -> None:
        self._url, self._clients, self._padding = sender.url, clients, padding
        self._auth = (sender.key, "")
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


def ready(sender: Any) -> bool:
    try:
        return bool(sender.client.get("/readyz").status_code == 200)
    except httpx.TransportError:
        return False


def ids(sender: Any) -> set[str]:
    return {event.id for event in sender.events()}


def test_a_kafka_that_hangs(collector: Stack, sender: Any, eventually: Callable[..., Any]) -> None:
    process = psutil.Process(collector.pid("collector"))
    load = Load(sender, padding=2_000)
    load.run(2)
    assert load.statuses.keys() == {200}
    before = process.memory_info().rss
    with stopped(collector.pid("kafka")):
        load.run(10)
        early = process.memory_info().rss
        load.run(8)
        assert process.memory_info().rss - early < 12_000_000
        assert early - before < 60_000_000
        assert sender.client.get("/readyz").status_code == 503
        assert sender.client.get("/livez").status_code == 200
    assert load.statuses.keys() == {200, 503}
    assert load.retry_after == {"2"}
    eventually(lambda: ready(sender), patience=30)
    load.run(1)
    assert load.kept <= ids(sender)


def test_an_answer_in_time_while_kafka_hangs(collector: Stack, sender: Any) -> None:
    with stopped(collector.pid("kafka")):
        for path, body in (("/v1/track", {"event": "a", "userId": "ada"}), ("/v1/import/i/close", None)):
            asked = time.monotonic()
            assert sender.post(path, body).status_code == 503
            assert time.monotonic() - asked < 10  # segment-node waits no longer


def test_the_end_loses_nothing_that_was_answered(collector: Stack, sender: Any, eventually: Callable[..., Any]) -> None:
    load, ended = Load(sender), collector.pid("collector")
    timer = threading.Timer(2, os.kill, (ended, signal.SIGTERM))
    timer.start()
    load.run(6)
    eventually(lambda: collector.pid("collector") != ended and ready(sender), patience=30)
    load.run(1)
    assert load.statuses.keys() <= {0, 200, 503}
    assert len(load.kept) > 100
    assert load.kept <= ids(sender)


def test_a_broker_that_is_killed(collector: Stack, sender: Any, eventually: Callable[..., Any]) -> None:
    load = Load(sender)
    load.run(1)
    os.kill(collector.pid("kafka"), signal.SIGKILL)
    load.run(8)
    eventually(lambda: ready(sender), patience=40)
    load.run(1)
    assert load.statuses.keys() <= {200, 503}
    assert load.kept <= ids(sender)


def test_known_keys_go_on_without_the_database(collector: Stack, sender: Any) -> None:
    server = psutil.Process(collector.pid("database"))
    with stopped(server.pid, *(child.pid for child in server.children())):
        time.sleep(6)  # longer than the keys are fresh
        assert sender.post("/v1/track", {"event": "a", "userId": "ada"}).status_code == 200
        unknown = sender.post("/v1/track", {"event": "a", "userId": "ada"}, auth=("ebb_perhaps_new", ""))
        assert (unknown.status_code, unknown.headers["retry-after"]) == (503, "2")


def test_a_revoked_key_ends_within_seconds(collector: Stack, sender: Any, eventually: Callable[..., Any]) -> None:
    engine = engines.create(collector.database, pool=1)
    with engine.begin() as connection:
        (mine,) = list_keys(connection, sender.workspace)
        assert revoke_key(connection, sender.workspace, mine["id"])
    engine.dispose()
    event = {"event": "a", "userId": "ada"}
    eventually(lambda: sender.post("/v1/track", event).status_code == 401, patience=5)

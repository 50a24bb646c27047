"""Kafka or the database hangs: everybody is told so in time, nobody piles up, and all goes on by itself."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import psutil
import psycopg2

from deploy.local.stack import Stack

COUNTED = "SELECT coalesce(sum(events), 0) FROM windows WHERE behavior = 0"


@contextmanager
def frozen(stack: Stack, part: str) -> Iterator[None]:
    """The part stands still, with all that it has started."""
    top = psutil.Process(stack.pid(part))
    family = [top, *top.children(recursive=True)]
    for process in family:
        process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for process in family:
            process.send_signal(signal.SIGCONT)


def one(stack: Stack, statement: str) -> Any:
    connection = psycopg2.connect(stack.database)
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return (cursor.fetchone() or (None,))[0]
    finally:
        connection.close()


def batch(first: int) -> list[dict[str, Any]]:
    return [
        {"type": "track", "event": "f", "userId": "u", "messageId": f"m{i}", "context": {"groupId": f"a{i % 9}"}}
        for i in range(first, first + 100)
    ]


def megabytes(stack: Stack, part: str) -> float:
    return float(psutil.Process(stack.pid(part)).memory_info().rss / 1e6)


def test_whoever_hangs_is_waited_for_and_nothing_is_lost(
    new_stack: Callable[..., Stack], eventually: Callable[..., Any]
) -> None:
    stack = new_stack(partitions=2)
    counted = database_hangs(stack, eventually)
    kafka_hangs(stack, eventually, counted)


def database_hangs(product: Stack, eventually: Callable[..., Any]) -> int:
    """Returns how many events are counted."""
    collector = httpx.Client(base_url=product.url("collector"), auth=(product.write_key, ""), timeout=30)
    api = httpx.Client(base_url=product.url("api"), headers={"Authorization": f"Bearer {product.api_key}"}, timeout=30)
    with collector, api:
        api.get("/v1/accounts").raise_for_status()
        pids = [product.pid(part) for part in ("worker-1", "api")]
        sent = 0
        with frozen(product, "database"):
            eventually(lambda: httpx.get(product.url("api") + "/readyz", timeout=30).status_code == 503, 30)
            eventually(lambda: httpx.get(product.url("worker-1") + "/readyz", timeout=5).status_code == 503, 30)
            refused = [api.get("/v1/accounts") for _ in range(3)]
            assert {answer.status_code for answer in refused} == {503}
            assert all(int(answer.headers["Retry-After"]) for answer in refused)
            before = megabytes(product, "collector")
            for _ in range(50):
                collector.post("/v1/batch", json={"batch": batch(sent)}).raise_for_status()
                sent += 100
            assert megabytes(product, "collector") < before + 30
        eventually(lambda: one(product, COUNTED) == sent, 60)
        eventually(lambda: api.get("/v1/accounts").status_code == 200)
        eventually(lambda: httpx.get(product.url("worker-1") + "/readyz", timeout=5).status_code == 200, 30)
        assert pids == [product.pid(part) for part in ("worker-1", "api")]
        return sent


def kafka_hangs(product: Stack, eventually: Callable[..., Any], counted: int) -> None:
    with httpx.Client(base_url=product.url("collector"), auth=(product.write_key, ""), timeout=30) as collector:
        collector.post("/v1/batch", json={"batch": batch(counted)}).raise_for_status()
        with frozen(product, "kafka"):
            eventually(lambda: collector.post("/v1/batch", json={"batch": batch(counted + 100)}).status_code == 503, 40)
            before = megabytes(product, "collector")
            refused = [collector.post("/v1/batch", json={"batch": batch(counted + 100 * i)}) for i in range(1, 100)]
            assert {answer.status_code for answer in refused} == {503}
            assert all(int(answer.headers["Retry-After"]) for answer in refused)
            assert megabytes(product, "collector") < before + 30
            assert collector.get("/readyz").status_code == 503
        eventually(lambda: collector.post("/v1/batch", json={"batch": batch(counted + 100)}).status_code == 200, 60)
        eventually(lambda: one(product, COUNTED) == counted + 200, 90)

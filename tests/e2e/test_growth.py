"""Partitions are added to a running product: collector and workers notice, and the audit finds nothing amiss."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psycopg2
from kafka.admin import KafkaAdminClient

from deploy.local.stack import Stack
from schemas.topics import EVENTS, HISTORY
from tests.e2e.test_import_audit import audit

SIZE = 200


class Clients:
    """They send batches and some of them twice, for as long as the block lasts; `acknowledged` are the ids kept."""

    def __init__(self, stack: Stack) -> None:
        self.acknowledged: list[str] = []
        self._http = httpx.Client(base_url=stack.url("collector"), auth=(stack.write_key, ""), timeout=30)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Clients":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._http.close()

    def _run(self) -> None:
        earlier: list[dict[str, Any]] = []
        while not self._over.wait(0.05):
            first = len(self.acknowledged)
            fresh = [
                {"type": "track", "event": f"f{i % 5}", "userId": f"u{i % 90}", "messageId": f"m{i}",
                 "context": {"groupId": f"a{i % 40}"}}
                for i in range(first, first + SIZE)
            ]  # fmt: skip
            answer = self._http.post("/v1/batch", json={"batch": [*fresh, *earlier[::4]]})
            answer.raise_for_status()
            self.acknowledged += [call["messageId"] for call in fresh]
            earlier = (earlier + fresh)[-40 * SIZE :]  # retried for a while: before the change and after it


def test_partitions_are_added_while_events_come_in(
    new_stack: Callable[..., Stack], eventually: Callable[..., Any], tmp_path: Path
) -> None:
    stack = new_stack(partitions=2, workers=2)

    def one(statement: str) -> Any:
        connection = psycopg2.connect(stack.database)
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(statement)
                return (cursor.fetchone() or (None,))[0]
        finally:
            connection.close()

    counted = "SELECT sum(events) FROM windows WHERE behavior = 0"
    with Clients(stack) as clients:
        eventually(lambda: (one(counted) or 0) > 2000, 60)
        client = KafkaAdminClient(bootstrap_servers=stack.kafka)
        client.create_partitions({EVENTS: 4, HISTORY: 4})
        client.close()
        eventually(lambda: one("SELECT count(*) FROM offsets WHERE partitions = 4") == 8, 60)
        added = "SELECT min(next_offset) FROM offsets WHERE topic = 0 AND partition >= 2"
        eventually(lambda: one(added) > 3, 90)
        code, report = audit(stack)
        assert (code, report["lost"], report["doubled"]) == (0, 0, 0), report
    eventually(lambda: one(counted) >= len(clients.acknowledged), 60)
    eventually(lambda: one("SELECT count(*) FROM strays") == 0)
    ledger = tmp_path / "ledger"
    ledger.write_text("\n".join(clients.acknowledged))
    code, report = audit(stack, "--ledger", ledger)
    assert (code, report["counted"], report["missing_from_topics"]) == (0, len(clients.acknowledged), 0), report
    assert one("SELECT count(*) FROM offsets WHERE topic = 0 AND heartbeat_at > now() - interval '30 s'") == 4

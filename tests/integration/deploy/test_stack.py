"""The whole product as one instance: all parts ready, workers killed and scaled."""

import os
import signal
from collections.abc import Callable
from typing import Any

import httpx
from kafka.admin import KafkaAdminClient

from deploy.local.probes import is_ready
from deploy.local.stack import Stack


def test_every_service_tells_its_readiness_and_metrics(stack: Stack) -> None:
    for name in ("collector", "api", "worker-1"):
        assert httpx.get(f"{stack.url(name)}/readyz").status_code == 200
        assert "# HELP" in httpx.get(f"{stack.url(name)}/metrics").text


def test_the_keys_of_an_instance_open_it(stack: Stack) -> None:
    event = {"type": "track", "event": "Report Run", "userId": "u1", "properties": {"account_id": "a1"}}
    sent = httpx.post(f"{stack.url('collector')}/v1/batch", json={"batch": [event]}, auth=(stack.write_key, ""))
    assert sent.status_code == 200, sent.text
    headers = {"Authorization": f"Bearer {stack.api_key}"}
    assert httpx.get(f"{stack.url('api')}/v1/accounts", headers=headers).status_code == 200
    assert httpx.get(f"{stack.url('api')}/v1/accounts").status_code == 401


def test_workers_are_killed_and_scaled(new_stack: Callable[..., Stack], eventually: Callable[..., Any]) -> None:
    stack = new_stack(workers=2, durable=False)
    killed = stack.pid("worker-1")
    os.kill(killed, signal.SIGKILL)
    eventually(lambda: stack.pid("worker-1") != killed, patience=3)
    eventually(lambda: is_ready(f"{stack.url('worker-1')}/readyz"), patience=30)
    stack.scale(3)
    assert is_ready(f"{stack.url('worker-3')}/readyz")
    assert sorted(_names(stack)) == ["worker-1", "worker-2", "worker-3"]
    stack.scale(1)
    assert _names(stack) == ["worker-1"], "who is stopped leaves, and does not wait for its session to end"
    eventually(lambda: is_ready(f"{stack.url('worker-1')}/readyz"), patience=30)
    assert not is_ready(f"{stack.url('worker-2')}/readyz")


def _names(stack: Stack) -> list[str]:
    """Who is in the workers' group, by the name each gave."""
    client = KafkaAdminClient(bootstrap_servers=stack.kafka)
    try:
        members = client.describe_groups(["ebbtide"])["ebbtide"]["members"]
    finally:
        client.close()
    return [member["group_instance_id"] for member in members]

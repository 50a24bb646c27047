"""A key that sends too much has to wait, and loses nothing that was answered with 200."""

from collections.abc import Callable
from typing import Any

from deploy.local.stack import Stack
from schemas.database import engine as engines
from schemas.database.keys import create_key
from schemas.keys import Scope


def test_a_key_that_sends_more_than_it_may_is_told_when_to_go_on(
    collector: Stack, sender: Any, eventually: Callable[..., Any]
) -> None:
    engine = engines.create(collector.database, pool=1)
    slow = create_key(engine, sender.workspace, [Scope.INGEST], "slow", per_second=2)
    engine.dispose()
    batch = {"batch": [{"type": "track", "event": "a", "userId": "ada"}] * 30}
    eventually(lambda: sender.post("/v1/validate", [], auth=(slow, "")).status_code == 200)
    assert sender.post("/v1/batch", batch, auth=(slow, "")).status_code == 200  # the bucket may be overdrawn once
    refused = sender.post("/v1/batch", batch, auth=(slow, ""))
    assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
    assert 1 <= int(refused.headers["retry-after"]) <= 6
    for secret in (slow, sender.key):  # in the body too, where it is known late; another key goes on
        answer = sender.client.post("/v1/batch", json=batch | {"writeKey": secret}, auth=None)
        assert answer.status_code == (429 if secret == slow else 200)
    assert 'ebbtide_ingest_limited_total{key="' in sender.client.get("/metrics").text
    eventually(lambda: sender.post("/v1/batch", batch, auth=(slow, "")).status_code == 200)
    assert len(sender.events()) == 90

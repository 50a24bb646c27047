"""Keys over the API: rotated with an overlap, revoked, and seen to be used."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select, update

from schemas.database import engine as engines
from schemas.database.tables import keys


def asked(client: httpx.Client, secret: str) -> int:
    return client.get("/v1/status", headers={"Authorization": f"Bearer {secret}"}).status_code


def rotated(call: Any, seeded: Any, overlap: int) -> str:
    answer = call(seeded, "POST", f"/v1/keys/{seeded.key_id}/rotate", json={"overlap_seconds": overlap})
    assert answer.status_code == 201
    assert answer.json()["scopes"] == ["admin", "manage", "read"]
    return str(answer.json()["key"])


def test_both_keys_work_while_a_rotation_overlaps_then_only_the_new_one(
    alpha: Any, call: Any, client: httpx.Client, seeder: Any, eventually: Callable[..., Any]
) -> None:
    new = rotated(call, alpha, 3600)
    assert (asked(client, alpha.key), asked(client, new)) == (200, 200)
    again = call(alpha, "POST", f"/v1/keys/{alpha.key_id}/rotate", json={})
    assert again.status_code == 404
    with seeder.engine.begin() as connection:  # an hour later
        old = update(keys).where(keys.c.id == alpha.key_id)
        connection.execute(old.values(revoked_at=keys.c.revoked_at - timedelta(hours=1, seconds=1)))
    eventually(lambda: asked(client, alpha.key) == 401)
    assert asked(client, new) == 200


def test_a_rotation_without_overlap_ends_the_old_key_at_once(alpha: Any, call: Any, client: httpx.Client) -> None:
    new = rotated(call, alpha, 0)
    assert (asked(client, alpha.key), asked(client, new)) == (401, 200)


def test_a_key_that_is_ending_can_be_revoked_before(alpha: Any, call: Any, client: httpx.Client) -> None:
    new = {"Authorization": f"Bearer {rotated(call, alpha, 3600)}"}
    assert client.delete(f"/v1/keys/{alpha.key_id}", headers=new).status_code == 204
    assert asked(client, alpha.key) == 401


def test_when_a_key_was_last_used_is_written_down(
    alpha: Any, call: Any, seeder: Any, eventually: Callable[..., Any]
) -> None:
    call(alpha, "GET", "/v1/status")

    def used() -> Any:
        with seeder.engine.connect() as connection:
            recent = keys.c.last_used_at > func.now() - timedelta(minutes=1)
            return connection.scalar(select(recent).where(keys.c.id == alpha.key_id))

    eventually(used)
    shown = call(alpha, "GET", "/v1/keys").json()["items"]
    assert [one["last_used_at"] is not None for one in shown] == [True]


def test_a_key_that_nobody_can_vouch_for_is_not_let_in(
    alpha: Any, app: FastAPI, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert asked(client, alpha.key) == 200
    services = app.state.services
    services.database.engine.dispose()
    services.database.engine = engines.create("postgresql://ebbtide@127.0.0.1:1/ebbtide", pool=1)
    monkeypatch.setattr(services.keys, "_seconds", lambda: float("inf"))  # long after the last reading
    assert [asked(client, secret) for secret in (alpha.key, "ebb_wrong")] == [503, 503]


def test_a_key_that_asks_for_more_than_it_may_is_told_when_to_go_on(
    alpha: Any, call: Any, client: httpx.Client
) -> None:
    made = call(alpha, "POST", "/v1/keys", json={"name": "slow", "scopes": ["read"], "per_second": 0.2}).json()
    slow = {"Authorization": f"Bearer {made['key']}"}
    assert [client.get("/v1/segments", headers=slow).status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = client.get("/v1/segments", headers=slow)
    assert (refused.json()["code"], 1 <= int(refused.headers["retry-after"]) <= 5) == ("rate_limited", True)
    assert asked(client, alpha.key) == 200
    assert 'ebbtide_api_limited_total{key="' in client.get("/metrics").text
    shown = call(alpha, "GET", "/v1/keys").json()["items"]
    assert [one["per_second"] for one in shown] == [0.2, None]

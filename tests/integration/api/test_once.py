"""Idempotency-Key: heeded by every write, and no secret is kept for whoever asks again."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import select

from schemas.database import tables

READS = {("POST", "/v1/rejected/{number}/replay")}  # it says how to send an event again, and changes nothing


def test_every_write_heeds_the_key(client: Any) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    writes = {
        (method.upper(), path): {one["name"] for one in operation.get("parameters", ())}
        for path, operations in paths.items()
        for method, operation in operations.items()
        if method != "get"
    }
    deaf = {write for write, parameters in writes.items() if "idempotency-key" not in parameters}
    assert len(writes) > 30
    assert deaf == READS


def test_a_secret_is_shown_once_also_to_whom_the_answer_got_lost(client: Any, alpha: Any, seeder: Any) -> None:
    for address, body in (
        ("/v1/keys", {"name": "crm", "scopes": ["read"]}),
        ("/v1/webhooks", {"url": "https://example.com/"}),
    ):
        wish = alpha.headers | {"Idempotency-Key": address}
        assert client.post(address, headers=wish, json=body).status_code == 201
        again = client.post(address, headers=wish, json=body)
        assert (again.status_code, again.json()["code"]) == (409, "conflict")
    with seeder.engine.connect() as connection:
        mine = tables.keys.c.workspace == alpha.number
        assert len(connection.execute(select(tables.keys).where(mine, tables.keys.c.name == "crm")).all()) == 1
        assert connection.scalars(select(tables.requests.c.answer)).all() == [None, None]


def test_an_erasure_sent_twice_has_one_receipt(client: Any, call: Any, alpha: Any) -> None:
    headers = alpha.headers | {"Idempotency-Key": "one"}
    first, second = (client.post("/v1/users/nobody-yet/erase", headers=headers) for _ in range(2))
    assert (first.status_code, second.json()) == (200, first.json())
    assert len(call(alpha, "GET", "/v1/erasures").json()["items"]) == 1


def test_what_was_carried_out_is_answered_alike_when_its_moment_has_gone_by(
    client: Any, alpha: Any, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, soon = app.state.services.clock, timedelta(minutes=5)
    asked = (
        (f"/v1/alerts/{alpha.alert}/snooze", {"until": (clock.datetime() + soon).isoformat()}),
        (
            "/v1/silences",
            {
                "matchers": [{"name": "csm", "op": "=", "value": "nobody"}],
                "ends_at": (clock.datetime() + soon).isoformat(),
                "author": "ada",
                "comment": "an outage",
            },
        ),
    )
    first = [client.post(at, headers=alpha.headers | {"Idempotency-Key": at}, json=body) for at, body in asked]
    later = clock.datetime() + 2 * soon
    monkeypatch.setattr(type(clock), "datetime", lambda _: later)
    second = [client.post(at, headers=alpha.headers | {"Idempotency-Key": at}, json=body) for at, body in asked]
    third = [client.post(at, headers=alpha.headers | {"Idempotency-Key": f"{at}!"}, json=body) for at, body in asked]
    assert [one.status_code for one in first] == [200, 201]
    assert [(one.status_code, one.json()) for one in second] == [(one.status_code, one.json()) for one in first]
    assert [one.status_code for one in third] == [422, 422]

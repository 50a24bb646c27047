"""Keys, webhooks, refused events, the pipeline's state, health and metrics."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from sqlalchemy import insert

from schemas.database import tables

NOW = datetime(2026, 4, 15, 12, 30, tzinfo=UTC)


def test_a_key_is_shown_once_works_at_once_and_ends_at_once(alpha: Any, call: Any, client: httpx.Client) -> None:
    made = call(alpha, "POST", "/v1/keys", json={"name": "sync", "scopes": ["read"]}).json()
    headers = {"Authorization": f"Bearer {made['key']}"}
    assert client.get("/v1/status", headers=headers).status_code == 200
    assert client.get("/v1/keys", headers=headers).status_code == 403
    shown = call(alpha, "GET", "/v1/keys")
    assert made["key"] not in shown.text
    newest = shown.json()["items"][0]
    assert (newest["name"], newest["prefix"]) == ("sync", made["prefix"])
    assert call(alpha, "DELETE", f"/v1/keys/{newest['id']}").status_code == 204
    assert client.get("/v1/status", headers=headers).status_code == 401
    assert call(alpha, "DELETE", f"/v1/keys/{newest['id']}").status_code == 404


def test_a_webhook_endpoints_life(alpha: Any, call: Any) -> None:
    made = call(alpha, "POST", "/v1/webhooks", json={"url": "https://example.com/h", "event_types": ["alert.firing"]})
    assert made.status_code == 201
    endpoint = made.json()
    assert endpoint["id"].startswith("ep_")
    assert endpoint["secret"].startswith("whsec_")
    listed = call(alpha, "GET", "/v1/webhooks")
    assert endpoint["secret"] not in listed.text
    assert [one["url"] for one in listed.json()["items"]] == ["http://alpha/", "https://example.com/h"]
    path = f"/v1/webhooks/{endpoint['id']}"
    changed = call(alpha, "PATCH", path, json={"state": "disabled", "description": "x"}).json()
    assert (changed["state"], changed["description"], changed["url"]) == ("disabled", "x", "https://example.com/h")
    assert call(alpha, "DELETE", path).status_code == 204
    assert call(alpha, "PATCH", path, json={}).status_code == 404


def test_attempts_and_deliveries(alpha: Any, call: Any) -> None:
    found = call(alpha, "GET", f"/v1/webhooks/{alpha.endpoint}/attempts").json()["items"]
    assert [(one["status"], one["alert"]) for one in found] == [(200, alpha.alert)]
    sent = call(alpha, "GET", f"/v1/alerts/{alpha.alert}").json()["deliveries"]
    assert [(one["endpoint"], one["state"], one["last_status"]) for one in sent] == [("ep_alpha", "delivered", 200)]


def test_an_alert_carries_its_whole_evidence(alpha: Any, call: Any) -> None:
    shown = call(alpha, "GET", f"/v1/alerts/{alpha.alert}").json()
    assert (shown["observed"], shown["expected"], shown["low"], shown["high"]) == (5, 29, 21, 38)
    assert (shown["account"]["id"], shown["account"]["arr"], shown["segment"]) == ("alpha/acme", 48_000, "arr:10k-50k")
    assert shown["evidence"]["users_gone"][0]["user"] == "alpha-bob"
    assert shown["evidence"]["users_still_active"] == ["alpha-ada"]
    assert shown["evidence"]["segment_factor"] == 0.98
    assert [one["transition"] for one in shown["transitions"]] == ["fired"]


def test_a_refused_event_as_it_came(alpha: Any, call: Any, seeder: Any) -> None:
    refused = {"stage": "ingest", "topic": 2, "partition": 0, "record_offset": 99, "code": "bad_utf8", "message": "m"}
    with seeder.engine.begin() as connection:
        connection.execute(
            insert(tables.rejected).values(workspace=alpha.number, raw=b"\xff\x00", received_at=NOW, **refused)
        )
    found = call(alpha, "GET", "/v1/rejected").json()["items"]
    assert [(one["code"], one["raw"], one["raw_encoding"]) for one in found] == [
        ("bad_utf8", "/wA=", "base64"), ("bad_time", '{"alpha":1}', "utf-8")
    ]  # fmt: skip
    assert len(call(alpha, "GET", "/v1/rejected", params={"code": "bad_time"}).json()["items"]) == 1
    replayed = call(alpha, "POST", f"/v1/rejected/{alpha.rejected}/replay").json()
    assert replayed["raw"] == '{"alpha":1}'


def test_status_tells_how_far_the_pipeline_is(alpha: Any, call: Any, seeder: Any) -> None:
    assert call(alpha, "GET", "/v1/status").json()["watermark"] is None
    with seeder.engine.begin() as connection:
        for partition, age in enumerate((2, 10)):
            beat = NOW - timedelta(seconds=age)
            connection.execute(insert(tables.offsets).values(topic=0, partition=partition, heartbeat_at=beat))
    shown = call(alpha, "GET", "/v1/status").json()
    assert shown["watermark"] == "2026-04-15T12:14:50Z"
    assert [round(one["lag_seconds"]) for one in shown["partitions"]] == [2, 10]
    assert shown["counts"]["accounts"] == shown["counts"]["open_alerts"] == shown["counts"]["rejected"] == 1


def test_health_and_metrics(alpha: Any, call: Any, client: httpx.Client) -> None:
    assert client.get("/livez").text == "alive\n"
    assert client.get("/readyz").json() == {"status": "ready"}
    call(alpha, "GET", "/v1/accounts/alpha%2Facme")
    client.get("/v1/nothing/like/this")
    shown = client.get("/metrics").text
    assert 'ebbtide_api_requests_total{method="GET",route="/v1/accounts/{account}",status="200"} 1.0' in shown
    assert 'route="other",status="404"' in shown
    assert "ebbtide_api_database_seconds_count" in shown
    assert "acme" not in shown

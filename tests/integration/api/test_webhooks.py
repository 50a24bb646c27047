"""Webhook endpoints over the API: keys, tests, replays, what is held while one is disabled, and filters."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import insert, select, update

from schemas.database import outbox, tables
from schemas.database.telling import News, tell
from schemas.messages import EndpointData, text_of
from schemas.webhooks import webhook_id

AT = datetime(2026, 4, 1, tzinfo=UTC)


@pytest.fixture
def made(alpha: Any, call: Callable[..., Any]) -> dict[str, Any]:
    shown: dict[str, Any] = call(alpha, "POST", "/v1/webhooks", json={"url": "https://example.com/h"}).json()
    return shown


def post(seeder: Any, alpha: Any, endpoint: str, state: str, episode: str, sequence: int = 1, days: int = 0) -> str:
    name = webhook_id(endpoint, episode, sequence)
    row = {"workspace": alpha.number, "endpoint": endpoint, "episode": episode, "sequence": sequence, "state": state}
    row |= {"webhook_id": name, "event_type": "alert.firing", "payload": "{}", "attempts": 3}
    with seeder.engine.begin() as connection:
        connection.execute(insert(tables.outbox).values(**row, recorded_at=AT + timedelta(days=days)))
    return name


def states(seeder: Any, endpoint: str) -> dict[str, str]:
    query = select(tables.outbox.c.episode, tables.outbox.c.state).where(tables.outbox.c.endpoint == endpoint)
    with seeder.engine.begin() as connection:
        return {row.episode: row.state for row in connection.execute(query)}


def test_rotating_gives_new_keys_and_says_how_long_the_old_ones_sign(alpha: Any, call: Any, made: Any) -> None:
    path = f"/v1/webhooks/{made['id']}/rotate"
    answer = call(alpha, "POST", path)
    new = answer.json()
    assert answer.status_code == 200
    assert new["secret"].startswith("whsec_")
    assert new["public_key"].startswith("whpk_")
    assert new["secret"] != made["secret"]
    assert new["old_until"]
    assert [call(alpha, "POST", path).status_code for _ in range(10)] == [200] * 9 + [409]


def test_a_test_message_waits_for_its_endpoint(alpha: Any, call: Any, made: Any, seeder: Any) -> None:
    answer = call(alpha, "POST", f"/v1/webhooks/{made['id']}/test")
    assert answer.status_code == 202
    with seeder.engine.begin() as connection:
        found = connection.execute(
            select(tables.outbox).where(tables.outbox.c.webhook_id == answer.json()["webhook_id"])
        ).one()
    assert (found.event_type, found.state, found.endpoint) == ("endpoint.test", "waiting", made["id"])
    assert '"timestamp"' in found.payload


REPLAYS = [
    ({"webhook_id": "delivered"}, {"delivered"}),
    ({"webhook_id": "failed"}, {"failed"}),
    ({}, {"failed", "later", "held"}),
    ({"since": "2026-04-03T00:00:00Z"}, {"later"}),
    ({"until": "2026-04-03T00:00:00Z"}, {"failed", "held"}),
    ({"until": "2026-04-03T00:00:00Z", "failed": False}, {"failed", "held", "delivered"}),
    ({"since": "2026-05-01T00:00:00Z"}, set()),
]


@pytest.mark.parametrize(("asked", "again"), REPLAYS)
def test_one_a_range_or_all_that_failed_is_replayed(
    alpha: Any, call: Any, made: Any, seeder: Any, asked: Any, again: set[str]
) -> None:
    ids = {
        name: post(seeder, alpha, made["id"], state, name, days=days)
        for name, state, days in (("delivered", "delivered", 0), ("failed", "failed", 0), ("later", "failed", 5),
                                  ("held", "held", 0))
    }  # fmt: skip
    asked = asked | ({"webhook_id": ids[asked["webhook_id"]]} if "webhook_id" in asked else {})
    answer = call(alpha, "POST", f"/v1/webhooks/{made['id']}/replay", json=asked)
    assert (answer.status_code, answer.json()) == (202, {"messages": len(again)})
    assert {name for name, state in states(seeder, made["id"]).items() if state == "waiting"} == again


def test_what_a_disabled_endpoint_misses_is_held_and_shown(alpha: Any, call: Any, made: Any, seeder: Any) -> None:
    path = f"/v1/webhooks/{made['id']}"
    post(seeder, alpha, made["id"], "delivered", "told", 1)
    post(seeder, alpha, made["id"], "waiting", "under-way", 1)
    assert call(alpha, "PATCH", path, json={"state": "disabled"}).json()["messages"]["held"] == 1
    text = text_of("endpoint.test", EndpointData(id="x"), AT)
    with seeder.engine.begin() as connection:
        tell(connection, alpha.number, [News("endpoint.test", text, "told", 2), News("endpoint.test", text, "new", 1)])
    shown = next(one for one in call(alpha, "GET", "/v1/webhooks").json()["items"] if one["id"] == made["id"])
    assert shown["messages"] == {"waiting": 0, "failed": 0, "held": 3}
    for what in ("test", "replay"):
        assert call(alpha, "POST", f"{path}/{what}", json={}).status_code == 409
    # Whoever was told a beginning is told the rest; what it never heard of waits for a replay.
    assert call(alpha, "PATCH", path, json={"state": "enabled"}).json()["messages"] == {
        "waiting": 1, "failed": 0, "held": 2
    }  # fmt: skip
    assert call(alpha, "POST", f"{path}/replay", json={}).json() == {"messages": 2}


def test_finished_messages_are_forgotten_after_their_time_and_waiting_ones_never(
    alpha: Any, made: Any, seeder: Any
) -> None:
    for state in ("delivered", "failed", "held", "waiting"):
        post(seeder, alpha, made["id"], state, state)
        post(seeder, alpha, made["id"], state, f"new {state}")
    with seeder.engine.begin() as connection:
        of = tables.outbox.c.endpoint == made["id"]
        young = update(tables.outbox).where(of, tables.outbox.c.episode.like("new%"))
        connection.execute(young.values(recorded_at=datetime.now(UTC)))  # noqa: TID251 - the database's clock
        connection.execute(update(tables.outbox).where(~of).values(recorded_at=datetime.now(UTC)))  # noqa: TID251
        assert outbox.expire(connection, timedelta(days=1)) == 3
    assert states(seeder, made["id"]).keys() == {
        "waiting", "new delivered", "new failed", "new held", "new waiting"
    }  # fmt: skip


@pytest.mark.parametrize(
    "filters", [{"event_types": ["alert.*"]}, {"event_types": ["*"]}, {"kinds": ["users.*", "account.silent"]}]
)
def test_a_filter_may_hold_stars(alpha: Any, call: Any, filters: Any) -> None:
    made = call(alpha, "POST", "/v1/webhooks", json={"url": "https://example.com/"} | filters)
    assert made.status_code == 201


@pytest.mark.parametrize("filters", [{"event_types": ["alarm.*"]}, {"event_types": ["alert"]}, {"kinds": ["x"]}])
def test_a_filter_that_nothing_can_pass_is_refused(alpha: Any, call: Any, filters: Any) -> None:
    made = call(alpha, "POST", "/v1/webhooks", json={"url": "https://example.com/"} | filters)
    assert made.status_code == 422
    assert "there are" in made.text


def test_the_topics_own_endpoint_is_replayed_but_not_changed(alpha: Any, call: Any, seeder: Any) -> None:
    with seeder.engine.begin() as connection:
        tell(connection, alpha.number, [])
    path = f"/v1/webhooks/ep_topic_{alpha.number}"
    for method, more, body in (("PATCH", "", {"state": "disabled"}), ("DELETE", "", None), ("POST", "/rotate", None)):
        assert call(alpha, method, path + more, json=body).status_code == 409
    assert call(alpha, "POST", f"{path}/replay", json={}).json() == {"messages": 0}


def test_every_type_of_message_has_a_schema(alpha: Any, call: Any) -> None:
    shown = call(alpha, "GET", "/v1/webhooks/event-types").json()["items"]
    assert {"alert.firing", "alert.resolved", "endpoint.disabled"} <= {one["type"] for one in shown}
    for one in shown:
        Draft202012Validator.check_schema(one["json_schema"])
        assert one["json_schema"]["properties"]["version"] == {"const": one["version"]}


def test_endpoints_page_by_page_and_by_what_they_are(alpha: Any, call: Any, made: Any, walk: Any) -> None:
    slack = {"receiver": "slack", "url": "https://hooks.slack.com/services/T0/B0/x"}
    every = ["ep_alpha", made["id"]] + [call(alpha, "POST", "/v1/webhooks", json=slack).json()["id"] for _ in range(3)]
    call(alpha, "PATCH", f"/v1/webhooks/{every[2]}", json={"state": "disabled"})
    assert [one["id"] for one in walk("/v1/webhooks", 2)] == every
    assert [one["id"] for one in walk("/v1/webhooks", 2, receiver="slack")] == every[2:]
    assert [one["id"] for one in walk("/v1/webhooks", 2, state="disabled")] == every[2:3]

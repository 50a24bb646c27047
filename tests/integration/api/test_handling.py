"""What people do about alerts: one history, no step twice, and nobody's step over somebody else's."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from schemas.clock import to_datetime
from schemas.database import handling, tables
from schemas.database.keys import create_key
from schemas.keys import Scope

NOW = datetime(2026, 4, 15, 12, 30, tzinfo=UTC)


def act(call: Any, seeded: Any, action: str, body: Any = None, alert: str | None = None) -> Any:
    return call(seeded, "POST", f"/v1/alerts/{alert or seeded.alert}/{action}", json=body or {})


def messages(seeder: Any) -> list[Any]:
    with seeder.engine.connect() as connection:
        rows = connection.execute(select(tables.outbox).where(tables.outbox.c.state == "waiting"))
        return sorted((row.endpoint, row.sequence, row.event_type) for row in rows if "topic" not in row.endpoint)


def test_every_step_stands_in_one_history_with_who_and_why(call: Any, alpha: Any) -> None:
    act(call, alpha, "acknowledge", {"reason": "calling them", "actor": "ada"})
    act(call, alpha, "assign", {"assignee": "kim"})
    act(call, alpha, "verdict", {"verdict": "known", "note": "they told us in May"})
    act(call, alpha, "snooze", {"until": "2026-05-04T09:00:00+02:00"})
    shown = act(call, alpha, "resolve", {"reason": "they are back"}).json()
    assert [(one["sequence"], one["transition"], one["actor"], one["reason"]) for one in shown["transitions"]][1:] == [
        (2, "acknowledged", "ada via alpha key", "calling them"),
        (3, "assigned", "alpha key", "given to kim"),
        (4, "judged", "alpha key", "judged known: they told us in May"),
        (5, "snoozed", "alpha key", "until 2026-05-04 07:00 UTC"),
        (6, "closed", "alpha key", "they are back"),
    ]
    assert (shown["state"], shown["assignee"], shown["sequence"]) == ("resolved", "kim", 6)
    assert shown["resolved_at"] is not None
    assert [(one["verdict"], one["note"]) for one in shown["verdicts"]] == [("known", "they told us in May")]
    assert call(alpha, "GET", "/v1/alerts?assignee=kim").json()["items"][0]["id"] == alpha.alert


def test_receivers_hear_of_it_in_order(call: Any, alpha: Any, seeder: Any) -> None:
    for action in ("acknowledge", "snooze", "resolve", "reopen"):
        assert act(call, alpha, action).status_code == 200
    assert messages(seeder) == [
        ("ep_alpha", 2, "alert.acknowledged"),
        ("ep_alpha", 3, "alert.snoozed"),
        ("ep_alpha", 4, "alert.resolved"),
        ("ep_alpha", 5, "alert.firing"),
    ]


def test_what_can_not_be_done_is_said_and_changes_nothing(call: Any, alpha: Any) -> None:
    assert act(call, alpha, "reopen").status_code == 409
    act(call, alpha, "acknowledge")
    again = act(call, alpha, "acknowledge")
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    assert again.headers["content-type"] == "application/problem+json"
    assert "acknowledged now" in again.json()["detail"]
    assert act(call, alpha, "snooze", {"until": "2020-01-01T00:00:00Z"}).status_code == 422
    assert act(call, alpha, "verdict", {"verdict": "maybe"}).status_code == 422
    assert call(alpha, "GET", f"/v1/alerts/{alpha.alert}").json()["sequence"] == 2


def test_if_match_lets_nobody_act_on_what_they_have_not_seen(client: Any, call: Any, alpha: Any) -> None:
    tag = call(alpha, "GET", f"/v1/alerts/{alpha.alert}").headers["etag"]
    address = f"/v1/alerts/{alpha.alert}/acknowledge"
    first = client.post(address, headers=alpha.headers | {"If-Match": tag})
    second = client.post(f"/v1/alerts/{alpha.alert}/resolve", headers=alpha.headers | {"If-Match": tag})
    assert (first.status_code, second.status_code, second.json()["code"]) == (200, 412, "changed")
    assert first.headers["etag"] == '"2"'


def test_a_write_sent_twice_is_carried_out_once(client: Any, alpha: Any, seeder: Any) -> None:
    headers = alpha.headers | {"Idempotency-Key": "one"}
    address = f"/v1/alerts/{alpha.alert}/verdict"
    first = client.post(address, headers=headers, json={"verdict": "true"})
    second = client.post(address, headers=headers, json={"verdict": "true"})
    assert (second.status_code, second.json()) == (200, first.json())
    assert second.headers["idempotent-replayed"] == "true"
    assert client.post(address, headers=headers, json={"verdict": "false"}).status_code == 422
    with seeder.engine.connect() as connection:
        assert len(connection.execute(select(tables.verdicts)).all()) == 1


def test_a_refused_write_may_be_sent_again_with_its_key(client: Any, call: Any, alpha: Any) -> None:
    headers = alpha.headers | {"Idempotency-Key": "one"}
    address = f"/v1/alerts/{alpha.alert}/reopen"
    assert client.post(address, headers=headers, json={}).status_code == 409
    act(call, alpha, "resolve")
    assert client.post(address, headers=headers, json={}).status_code == 200


def test_many_at_once_leave_no_gap(call: Any, alpha: Any) -> None:
    assert call(alpha, "GET", "/v1/status").status_code == 200
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: act(call, alpha, "assign", {"assignee": f"p{n}"}), range(16)))
    assert {one.status_code: one.text for one in answers if one.status_code != 200} == {}
    shown = call(alpha, "GET", f"/v1/alerts/{alpha.alert}").json()
    assert [one["sequence"] for one in shown["transitions"]] == list(range(1, 18))


def test_bulk_does_what_is_possible_and_says_the_rest(call: Any, alpha: Any, beta: Any, seeder: Any) -> None:
    other = seeder.alert(alpha.number, "alpha", alpha.account, NOW - timedelta(days=5))
    over = seeder.alert(alpha.number, "alpha", alpha.account, NOW - timedelta(days=9), "resolved")
    wanted = {"action": "acknowledge", "alerts": [alpha.alert, other, over, beta.alert], "reason": "one outage"}
    answer = call(alpha, "POST", "/v1/alerts:bulk", json=wanted).json()
    assert answer["done"] == 2
    assert [one["refused"] is None for one in answer["items"]] == [True, True, False, False]
    assert call(beta, "GET", f"/v1/alerts/{beta.alert}").json()["state"] == "firing"
    assert call(alpha, "POST", "/v1/alerts:bulk", json=wanted | {"action": "verdict"}).status_code == 422


def test_a_snooze_ends_once_whoever_looks(call: Any, alpha: Any, seeder: Any) -> None:
    act(call, alpha, "snooze", {"until": "2026-05-04T07:00:00Z"})
    late = to_datetime(1_777_878_000_000)
    with seeder.engine.begin() as connection:
        assert handling.wake(connection, NOW + timedelta(days=1)) == 0
    with seeder.engine.begin() as connection:
        assert handling.wake(connection, late + timedelta(days=1)) == 1
    with seeder.engine.begin() as connection:
        assert handling.wake(connection, late + timedelta(days=1)) == 0
    shown = call(alpha, "GET", f"/v1/alerts/{alpha.alert}").json()
    assert (shown["state"], shown["snoozed_until"]) == ("firing", None)
    assert messages(seeder)[-1] == ("ep_alpha", 3, "alert.firing")


def test_a_key_that_may_only_read_may_not_act(client: Any, alpha: Any, seeder: Any) -> None:
    secret = create_key(seeder.engine, alpha.number, [Scope.READ])
    answer = client.post(
        f"/v1/alerts/{alpha.alert}/resolve", headers={"Authorization": f"Bearer {secret}"}, content=json.dumps({})
    )
    assert answer.status_code == 403

"""Tasks and saves, playbooks and nudges; and rules that verdicts tune."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from api.playbooks import PlaybooksFile
from schemas.database import digests, nudges, tables, tuning
from schemas.errors import DefinitionError
from schemas.playbooks import built_in, parse

NOW = datetime(2026, 4, 15, 12, 30, tzinfo=UTC)


def test_a_task_is_opened_given_away_and_closed_once(call: Any, alpha: Any) -> None:
    made = call(alpha, "POST", "/v1/tasks", json={"title": "call them", "alert": alpha.alert, "actor": "ada"}).json()
    assert (made["account"], made["state"], made["opened_by"]) == (alpha.account, "open", "ada via alpha key")
    address = f"/v1/tasks/{made['id']}"
    assert call(alpha, "PATCH", address, json={"assignee": "kim"}).json()["assignee"] == "kim"
    closed = call(alpha, "POST", f"{address}/close", json={"note": "done"}).json()
    assert (closed["state"], closed["note"], closed["save"]) == ("closed", "done", None)
    assert call(alpha, "POST", f"{address}/close", json={}).status_code == 409
    assert call(alpha, "PATCH", address, json={"assignee": "ada"}).status_code == 409
    assert [one["id"] for one in call(alpha, "GET", "/v1/tasks?assignee=kim&state=closed").json()["items"]] == [
        made["id"]
    ]
    assert call(alpha, "POST", "/v1/tasks", json={"title": "x"}).status_code == 422


def test_a_save_counts_only_after_the_renewal_that_follows(call: Any, alpha: Any) -> None:
    def decide(outcome: str, day: str) -> None:
        fact = {"outcome": outcome, "decided_at": f"2026-{day}T00:00:00Z"}
        assert call(alpha, "POST", f"/v1/accounts/{alpha.account}/outcomes", json=fact).status_code == 201

    decide("renewed", "04-01")  # before it was claimed: it says nothing of it
    made = call(alpha, "POST", "/v1/tasks", json={"title": "call", "account": alpha.account}).json()
    address = f"/v1/tasks/{made['id']}"
    assert call(alpha, "POST", f"{address}/close", json={"saved": True}).json()["save"] == "claimed"
    assert call(alpha, "GET", "/v1/saves").json() == {"claimed": 1, "saved": 0, "lost": 0}
    decide("renewed", "06-01")
    decide("churned", "12-01")
    assert call(alpha, "GET", address).json()["save"] == "saved"
    assert call(alpha, "GET", "/v1/saves").json() == {"claimed": 0, "saved": 1, "lost": 0}


def test_an_alert_carries_its_playbook(call: Any, client: Any, alpha: Any, sign_in: Any) -> None:
    book = call(alpha, "GET", f"/v1/alerts/{alpha.alert}").json()["playbook"]
    assert book["title"] == "alpha Acme does less of alpha.report"
    assert any("2026-04-" in one for one in book["check"])
    sign_in(alpha.key)
    assert "alpha Acme does less of alpha.report" in client.get(f"/alerts/{alpha.alert}").text


def test_tasks_are_worked_on_from_the_alerts_page(
    client: Any, call: Any, alpha: Any, sign_in: Any, send_form: Any
) -> None:
    sign_in(alpha.key)
    assert send_form("/tasks", alert=alpha.alert, title="<b>call</b>").status_code == 303
    [task] = call(alpha, "GET", f"/v1/tasks?alert={alpha.alert}").json()["items"]
    assert "&lt;b&gt;call" in client.get(f"/alerts/{alpha.alert}").text
    closing = {"alert": alpha.alert, "saved": "yes"}
    assert send_form(f"/tasks/{task['id']}/close", **closing).headers["location"] == f"/alerts/{alpha.alert}"
    assert "save claimed" in client.get(f"/alerts/{alpha.alert}").text


def test_a_playbook_of_ones_own_takes_the_place_of_the_built_in_one(tmp_path: Path) -> None:
    path = tmp_path / "playbooks.yaml"
    books = PlaybooksFile(path)
    assert books.current() == built_in()
    path.write_text("{account.silent: {title: Ring $account, links: [{title: CRM, url: https://crm.example/}]}}")
    assert books.current()["account.silent"].title == "Ring $account"
    assert books.current()["users.inactive"] == built_in()["users.inactive"]


@pytest.mark.parametrize(
    "wrong",
    ["[", "{no.kind: {title: x}}", "{account.silent: {check: [x]}}", "{account.silent: {title: $nobody}}",
     "{account.silent: {title: x, links: [{title: y, url: 'javascript:1'}]}}", "{account.silent: {title: x, say: y}}"],
)  # fmt: skip
def test_a_wrong_playbook_is_refused(wrong: str) -> None:
    with pytest.raises(DefinitionError, match=r"playbooks\.yaml"):
        parse(wrong)


def test_users_who_lack_a_behavior_are_told_once_a_week(call: Any, alpha: Any, seeder: Any) -> None:
    seeder.window(alpha, NOW.replace(minute=0) - timedelta(days=2), 6, [1, 2, 3])
    seeder.window(alpha, NOW.replace(minute=0) - timedelta(days=2), 2, [2], behavior=1)
    with seeder.engine.begin() as connection:
        connection.execute(update(tables.alerts).values(kind="behavior.not_adopted"))
    told = []
    for days in (0, 1, 7):
        with seeder.engine.begin() as connection:
            told.append(nudges.due(connection, NOW + timedelta(days=days)))
    assert told == [1, 0, 1]
    with seeder.engine.connect() as connection:
        of = tables.outbox.c.endpoint == "ep_alpha", tables.outbox.c.event_type == "nudge.due"
        first = connection.execute(select(tables.outbox.c.payload).where(*of)).scalars().first()
    said = json.loads(first or "")["data"]
    assert (said["account"], said["behavior"], said["users"]) == (
        "alpha/acme",
        "alpha.report",
        ["alpha-ada", "alpha-cyn"],
    )


def judge(call: Any, seeder: Any, seeded: Any, right: int, wrong: int) -> None:
    for i in range(right + wrong):
        alert = seeder.alert(seeded.number, seeded.name, seeded.account, NOW - timedelta(days=20 + i))
        verdict = "true" if i < right else "false"
        assert call(seeded, "POST", f"/v1/alerts/{alert}/verdict", json={"verdict": verdict}).status_code == 200


def rule(call: Any, seeded: Any) -> Any:
    found = call(seeded, "GET", "/v1/rules").json()["items"]
    return next(one for one in found if one["kind"] == "behavior.dropped")


def test_verdicts_tune_the_rule_visibly_and_reversibly(
    call: Any, client: Any, alpha: Any, seeder: Any, sign_in: Any, send_form: Any
) -> None:
    address = "/v1/rules/behavior.dropped/tuning"
    assert call(alpha, "POST", address, json={}).status_code == 409, "nobody judged anything yet"
    judge(call, seeder, alpha, 4, 8)
    found = rule(call, alpha)
    assert (found["judged"], found["precision"], found["factor"], found["suggested"]) == (12, 0.3333, 1.0, 0.45)
    sign_in(alpha.key)
    assert "33 %" in client.get("/rules").text
    assert send_form("/rules/behavior.dropped/tune").status_code == 303
    with seeder.engine.connect() as connection:
        assert tuning.factors(connection, alpha.number) == {"behavior.dropped": 0.45}
    assert call(alpha, "DELETE", address).json()["factor"] == 1.0
    assert [(one["factor"], one["reason"]) for one in rule(call, alpha)["history"]] == [
        (1.0, "taken back"),
        (0.45, "as the verdicts suggest"),
    ]
    assert call(alpha, "POST", "/v1/rules/ingest.quiet/tuning", json={"factor": 0.5}).status_code == 404


def test_a_verdict_that_is_changed_counts_as_it_was_said_last(call: Any, alpha: Any) -> None:
    for verdict in ("false", "known"):
        call(alpha, "POST", f"/v1/alerts/{alpha.alert}/verdict", json={"verdict": verdict})
    found = rule(call, alpha)
    assert (found["right"], found["wrong"]) == (1, 0)


def test_an_erased_person_stands_in_no_task_digest_or_kept_answer(
    call: Any, client: Any, alpha: Any, seeder: Any
) -> None:
    headers = alpha.headers | {"Idempotency-Key": "one"}
    task = {"title": "Call alpha-bob.", "alert": alpha.alert}
    made = client.post("/v1/tasks", headers=headers, json=task).json()
    with seeder.engine.begin() as connection:
        connection.execute(update(tables.alerts).values(csm="ada"))
        digests.write(connection, alpha.number, "ada", NOW)
    assert "alpha-bob" in call(alpha, "GET", "/v1/digests/ada").text
    assert call(alpha, "POST", "/v1/users/alpha-bob/erase").status_code == 200
    assert "alpha-bob" not in call(alpha, "GET", f"/v1/tasks/{made['id']}").text
    assert "alpha-bob" not in call(alpha, "GET", "/v1/digests/ada").text
    with seeder.engine.connect() as connection:
        kept = connection.scalars(select(tables.requests.c.answer)).all()
        payloads = connection.scalars(select(tables.outbox.c.payload)).all()
    assert kept
    assert not any("alpha-bob" in text for text in (*kept, *payloads))

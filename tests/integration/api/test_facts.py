"""Facts: appended with since when they are true, merged for today, and never twice."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from schemas.database import tables

AT = "2026-03-01T00:00:00Z"
ACME = "/v1/accounts/alpha%2Facme"


@pytest.fixture
def send(alpha: Any, call: Callable[..., Any]) -> Callable[..., dict[str, Any]]:
    def send(method: str, path: str, body: Any = None, status: int = 200) -> dict[str, Any]:
        answer = call(alpha, method, path, json=body)
        assert answer.status_code == status, answer.text
        found: dict[str, Any] = answer.json()
        return found

    return send


def test_a_patch_changes_what_it_names(send: Any) -> None:
    shown = send("PUT", ACME, {"traits": {"arr": 60_000, "plan": None, "crm": {"id": 7}}})
    assert (shown["traits"]["arr"], shown["traits"]["crm"], shown["traits"]["stage"]) == (60_000, {"id": 7}, "growing")
    assert "plan" not in shown["traits"]
    assert shown["facts"][0]["traits"] == {"arr": 60_000, "plan": None, "crm": {"id": 7}}
    assert shown["facts"][0]["valid_from"].startswith("2026-04-15T12:30")


def test_a_patch_that_says_nothing_new_is_not_kept(send: Any) -> None:
    before = send("GET", ACME)["facts"]
    assert send("PUT", ACME, {"traits": {"arr": 48_000}})["facts"] == before


def test_what_was_true_earlier_does_not_undo_what_is_true_now(send: Any) -> None:
    send("PUT", ACME, {"traits": {"arr": 60_000}, "valid_from": "2026-04-01T00:00:00Z"})
    shown = send("PUT", ACME, {"traits": {"arr": 50_000}, "valid_from": AT})
    assert shown["traits"]["arr"] == 60_000
    assert [fact["traits"].get("arr") for fact in shown["facts"]] == [60_000, 50_000, 48_000]
    later = send("PUT", ACME, {"traits": {"arr": 1}, "valid_from": "2027-01-01T00:00:00Z"})
    assert later["traits"]["arr"] == 60_000


def test_an_import_sets_thousands_at_once_and_the_second_time_nothing(alpha: Any, call: Any, seeder: Any) -> None:
    rows = [{"account": f"a{i}", "name": f"N{i}", "arr": i, "created": AT, "plan": ""} for i in range(3000)]
    ndjson = "\n".join(map(json.dumps, rows))
    columns = list(rows[0])
    csv = "\n".join([",".join(columns), *(",".join(str(row[c]) for c in columns) for row in rows)])
    sent = [("application/json", json.dumps(rows)), ("application/x-ndjson", ndjson), ("text/csv; charset=utf-8", csv)]
    made = []
    for kind, body in sent:
        answer = call(alpha, "POST", "/v1/accounts:import", content=body, headers_kind=kind)
        made.append(answer.json())
    assert made == [
        {"accounts": 3000, "created": 3000, "facts": 3000},
        {"accounts": 3000, "created": 0, "facts": 0},
        {"accounts": 3000, "created": 0, "facts": 0},
    ]
    with seeder.engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(tables.accounts)) == 3001
    shown = call(alpha, "GET", "/v1/accounts/a7").json()
    assert (shown["traits"], shown["created_at"]) == ({"name": "N7", "arr": 7}, AT)


def test_a_wrong_row_keeps_none(alpha: Any, call: Any) -> None:
    body = '{"account":"new"}\n{"account":"other","traits":3}'
    answer = call(alpha, "POST", "/v1/accounts:import", content=body, headers_kind="application/x-ndjson")
    assert answer.status_code == 422
    assert "Row 1" in answer.json()["detail"]
    assert call(alpha, "GET", "/v1/accounts/new").status_code == 404


def test_contracts_outcomes_goals_and_signals(send: Any) -> None:
    send("POST", f"{ACME}/subscriptions", {"subscription": "s1", "term_start": AT, "arr": 48_000, "seats": 20}, 201)
    send("POST", f"{ACME}/outcomes", {"outcome": "renewed", "decided_at": AT, "valid_from": AT}, 201)
    goal = {
        "goal": "hours",
        "unit": "h",
        "direction": "down",
        "baseline": 9,
        "target": 2,
        "starts_at": AT,
        "ends_at": AT,
    }
    send("POST", f"{ACME}/goals", goal | {"milestones": [{"name": "half", "due": AT}]}, 201)
    send("POST", f"{ACME}/goals/hours/points", {"level": 5.5}, 201)
    signal = {"id": "call-1", "signal": "call", "direction": "inbound", "participants": ["ada"]}
    first = send("POST", f"{ACME}/signals", signal, 201)
    assert send("POST", f"{ACME}/signals", signal, 201) == first
    shown = send("GET", ACME)
    assert [len(shown[name]) for name in ("subscriptions", "outcomes", "goals", "goal_points", "signals")] == [1] * 5
    assert shown["subscriptions"][0]["seats"] == 20
    assert shown["outcomes"][0]["valid_from"] == AT
    assert shown["goals"][0]["milestones"] == [{"name": "half", "due": AT, "met_at": None}]
    assert shown["goal_points"][0]["level"] == 5.5


def test_a_users_side_and_role(send: Any) -> None:
    assert send("PUT", "/v1/users/new%2Fone", {"role": "champion", "account": "alpha/acme"})["side"] == "customer"
    shown = send("PUT", "/v1/users/new%2Fone", {"side": "vendor", "traits": {"title": "CTO"}})
    assert (shown["role"], shown["side"], shown["traits"]) == ("champion", "vendor", {"title": "CTO"})
    assert send("GET", ACME)["users"] == 7


def test_releases_are_marked_and_corrected(send: Any) -> None:
    send("POST", "/v1/releases", {"release": "v2", "behaviors": ["alpha.report"]}, 201)
    send("POST", "/v1/releases", {"release": "v2", "released_at": AT, "notes": "later"}, 201)
    found = send("GET", "/v1/releases")["items"]
    assert [(one["release"], one["notes"]) for one in found] == [("alpha-v1", None), ("v2", "later")]


def test_segments_and_behaviors(send: Any) -> None:
    send("PUT", "/v1/accounts/small", {"traits": {"arr": 900, "plan": "pro"}})
    send("PUT", "/v1/accounts/odd", {"traits": {"arr": "much", "plan": {"a": 1}}})
    found = {one["segment"]: one for one in send("GET", "/v1/segments")["items"]}
    assert (found["everyone"]["accounts"], found["everyone"]["arr"]) == (3, 48_900)
    assert (found["arr:10k-50k"]["accounts"], found["arr:10k-50k"]["open_alerts"]) == (1, 1)
    assert found["arr:<10k"]["arr"] == 900
    assert found["plan:pro"]["accounts"] == 1
    names = [one["behavior"] for one in send("GET", "/v1/behaviors")["items"]]
    assert names == ["*", "alpha.report", "alpha.shared"]


def test_a_moment_of_any_offset_is_kept_or_refused(alpha: Any, call: Any) -> None:
    for said, status in (("8143-03-19T16:16:03+21:17", 200), ("0001-01-01T00:00:00+23:59", 422)):
        answer = call(alpha, "PUT", "/v1/accounts/alpha%2Facme", json={"traits": {"plan": "x"}, "valid_from": said})
        assert answer.status_code == status

"""Whose an alert is and how urgent: shown as parts, sorted and filtered by, kept to a budget, told in digests."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from schemas.accounts import AccountRow
from schemas.alerts import Transition
from schemas.clock import to_datetime
from schemas.database import attention, digests, facts, tables
from schemas.database.alerts import write_alerts
from schemas.lives import AlertRecord, step_of

NOW = datetime(2026, 4, 15, 12, 30, tzinfo=UTC)  # a Wednesday


def accounts(seeder: Any, seeded: Any, csms: list[str], **more: Any) -> None:
    rows = [
        AccountRow(account=f"acct-{i}", traits={"csm": csm, "arr": 1000.0 * (i + 1), **more})
        for i, csm in enumerate(csms)
    ]
    with seeder.engine.begin() as connection:
        facts.put_accounts(connection, seeded.number, rows, NOW - timedelta(days=100))


def fire(seeder: Any, seeded: Any, count: int, now: datetime = NOW) -> list[AlertRecord]:
    """New alerts of an evaluation, one an account, as it would write them."""
    with seeder.engine.begin() as connection:
        mine = tables.accounts.c.workspace == seeded.number, tables.accounts.c.account.startswith("acct-")
        numbers = connection.scalars(select(tables.accounts.c.number).where(*mine).limit(count)).all()
        revisions = []
        for number in numbers:
            alert = AlertRecord(
                episode=f"{number}-{now.timestamp()}", fingerprint=str(number), kind="account.silent", account=number,
                origin="live", onset=now, fired_at=now, sentence="It is quiet.", evidence={"ratio": 0.1},
            )  # fmt: skip
            after, step = step_of(alert, Transition.FIRED, now, "score 3 reached 2")
            revisions.append((after, [step]))
        found = attention.attend(connection, seeded.number, revisions, now)
        write_alerts(connection, seeded.number, found, now)
    return [alert for alert, _ in found]


def messages(seeder: Any, endpoint: str = "ep_alpha") -> list[Any]:
    of = tables.outbox.c.endpoint == endpoint, tables.outbox.c.state == "waiting"
    with seeder.engine.connect() as connection:
        return list(connection.execute(select(tables.outbox).where(*of).order_by(tables.outbox.c.id)))


def test_a_priority_is_shown_as_its_parts(call: Any, alpha: Any, seeder: Any) -> None:
    accounts(seeder, alpha, ["ada"])
    term = {"subscription": "s", "term_start": "2025-06-01T00:00:00Z", "notice_deadline": "2026-05-30T12:30:00Z"}
    call(alpha, "POST", "/v1/accounts/acct-0/subscriptions", json=term | {"valid_from": "2026-01-01T00:00:00Z"})
    [alert] = fire(seeder, alpha, 1)
    shown = call(alpha, "GET", f"/v1/alerts/{alert.episode}").json()
    assert [(one["name"], one["value"], one["assumed"]) for one in shown["priority_parts"]] == [
        ("arr", 1000.0, False),
        ("chance of loss", 0.45, False),
        ("urgency", 0.6667, False),
    ]
    assert (shown["csm"], shown["priority"]) == ("ada", pytest.approx(300, abs=0.1))
    assert "45 days to the notice deadline" in shown["priority_parts"][2]["source"]


def test_lists_sort_by_urgency_and_filter_by_whose_they_are(call: Any, alpha: Any, seeder: Any) -> None:
    accounts(seeder, alpha, ["ada", "kim", "ada"])
    fire(seeder, alpha, 3)
    first = call(alpha, "GET", "/v1/alerts?sort=priority&csm=ada&limit=1").json()
    rest = call(alpha, "GET", f"/v1/alerts?sort=priority&csm=ada&cursor={first['next_cursor']}").json()
    assert [one["account"]["id"] for one in first["items"] + rest["items"]] == ["acct-2", "acct-0"]
    least = first["items"][0]["priority"]
    assert len(call(alpha, "GET", f"/v1/alerts?priority_from={least}").json()["items"]) == 1


def test_beyond_the_weeks_budget_the_less_urgent_wait_for_the_digest(call: Any, alpha: Any, seeder: Any) -> None:
    accounts(seeder, alpha, ["ada"] * 5)
    call(alpha, "PUT", "/v1/csms/ada", json={"weekly_budget": 2, "working_days": list(range(7))})
    found = fire(seeder, alpha, 5)
    assert [alert.deferred for alert in sorted(found, key=lambda one: -one.priority)] == [
        False,
        False,
        True,
        True,
        True,
    ]
    assert len(messages(seeder)) == 2
    assert all(one.deferred for one in fire(seeder, alpha, 1, NOW + timedelta(hours=1)))
    assert not fire(seeder, alpha, 1, NOW + timedelta(days=7))[0].deferred


def test_messages_wait_until_the_csm_is_at_work_and_the_topic_does_not(call: Any, alpha: Any, seeder: Any) -> None:
    accounts(seeder, alpha, ["ada"])
    call(alpha, "PUT", "/v1/csms/ada", json={"quiet_from": "18:00", "quiet_to": "08:00", "time_zone": "UTC"})
    fire(seeder, alpha, 1, datetime(2026, 4, 17, 20, 0, tzinfo=UTC))
    [message], [topic] = messages(seeder), messages(seeder, f"ep_topic_{alpha.number}")
    assert message.next_attempt_at - message.recorded_at == timedelta(days=2, hours=12)
    assert topic.next_attempt_at == topic.recorded_at


def test_ten_csms_get_ten_digests_once(call: Any, alpha: Any, beta: Any, seeder: Any) -> None:
    names = [f"csm {i}" for i in range(10)]
    accounts(seeder, alpha, names)
    with seeder.engine.begin() as connection:
        connection.execute(
            update(tables.accounts).where(tables.accounts.c.account == "alpha/acme").values(traits={"csm": names[0]})
        )
    fire(seeder, alpha, 10, NOW - timedelta(days=4))
    for made in (10 + 1, 0):  # and beta's one
        with seeder.engine.begin() as connection:
            assert digests.due(connection, NOW) == made
    found = call(alpha, "GET", "/v1/digests").json()["items"]
    assert sorted(one["csm"] for one in found) == names
    assert all(one["counts"]["new"] == 1 and len(one["call_first"]) == 1 for one in found)
    told = [json.loads(one.payload) for one in messages(seeder) if one.event_type == "digest.weekly"]
    assert sorted(one["data"]["csm"] for one in told) == names
    with seeder.engine.begin() as connection:
        assert digests.due(connection, NOW + timedelta(days=7)) == 10 + 1


def test_a_digest_is_data_text_or_a_page(call: Any, alpha: Any, seeder: Any) -> None:
    accounts(seeder, alpha, ["ada"], name="<script>x</script>")
    fire(seeder, alpha, 1, NOW - timedelta(days=4))
    assert call(alpha, "GET", "/v1/digests/ada").status_code == 404
    with seeder.engine.begin() as connection:
        digests.due(connection, NOW)
    until = to_datetime(1_776_063_600_000)
    assert call(alpha, "GET", "/v1/digests/ada").json()["until"] == until.strftime("%Y-%m-%dT%H:%M:%SZ")
    text = call(alpha, "GET", "/v1/digests/ada?form=text")
    assert text.headers["content-type"].startswith("text/plain")
    assert "ada: the week to 13 April 2026" in text.text
    page = call(alpha, "GET", "/v1/digests/ada?form=html")
    assert "<script>" not in page.text
    assert "&lt;script&gt;" in page.text


def test_csms_are_those_that_accounts_name(call: Any, alpha: Any, seeder: Any) -> None:
    accounts(seeder, alpha, ["ada", "ada"])
    fire(seeder, alpha, 2)
    found = {one["csm"]: one for one in call(alpha, "GET", "/v1/csms").json()["items"]}
    assert (found["ada"]["accounts"], found["ada"]["open_alerts"]) == (2, 2)
    assert found["ada"]["most_urgent"] > 0
    for wrong in ({"time_zone": "Mars"}, {"quiet_from": "18:00"}, {"working_days": []}, {"quiet_from": "25:00"}):
        assert call(alpha, "PUT", "/v1/csms/ada", json=wrong).status_code == 422


def test_open_alerts_are_weighed_again_as_the_deadline_nears(call: Any, alpha: Any, seeder: Any) -> None:
    accounts(seeder, alpha, ["ada"])
    term = {"workspace": alpha.number, "subscription": "s", "term_start": NOW, "valid_from": NOW - timedelta(days=9)}
    with seeder.engine.begin() as connection:
        mine = tables.accounts.c.workspace == alpha.number, tables.accounts.c.account == "acct-0"
        number = connection.scalar(select(tables.accounts.c.number).where(*mine))
        deadline = {"notice_deadline": NOW + timedelta(days=90), "account": number}
        connection.execute(insert(tables.subscriptions).values(**term, **deadline))
    [alert] = fire(seeder, alpha, 1)
    with seeder.engine.begin() as connection:
        assert attention.refresh(connection, alpha.number, NOW + timedelta(days=60)) >= 1
    assert call(alpha, "GET", f"/v1/alerts/{alert.episode}").json()["priority"] == pytest.approx(
        3 * alert.priority, abs=0.1
    )


def test_the_pages_show_weeks_and_urgency(client: Any, alpha: Any, seeder: Any, sign_in: Any) -> None:
    accounts(seeder, alpha, ["ada"], name="<script>x</script>")
    [alert] = fire(seeder, alpha, 1, NOW - timedelta(days=4))
    with seeder.engine.begin() as connection:
        digests.due(connection, NOW)
    sign_in(alpha.key)
    assert "ada: the week to 13 Apr 2026" in client.get("/digests/ada").text
    assert '<a href="/digests/ada">' in client.get("/digests").text
    assert "&lt;script&gt;" in client.get("/digests/ada").text
    shown = client.get(f"/alerts/{alert.episode}").text
    assert "chance of loss" in shown
    assert "assumed" in shown
    assert client.get("/alerts?sort=priority&csm=ada").text.count("<tr class=") == 1

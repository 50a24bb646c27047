"""Six users daily become one: the alert says expected, observed, since when, who stopped, and what the peers did."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from schemas.alerts import AlertState, Transition
from schemas.database.tables import outbox, windows
from schemas.windows import count_users, unite


@pytest.fixture
def alert(six_users):
    six_users.live(60, 112)
    [found] = six_users.alerts
    return found


def test_one_alert_for_one_drop(alert):
    assert (alert["kind"], alert["behavior"], alert["state"]) == ("behavior.dropped", "*", AlertState.FIRING)
    assert alert["origin"] == "live"
    assert datetime(2026, 4, 5, tzinfo=UTC) < alert["fired_at"] < datetime(2026, 4, 20, tzinfo=UTC)


def test_it_is_told_once_for_the_topic(alert, six_users):
    rows = six_users.rows(outbox)
    assert next(row["event_type"] for row in rows) == "alert.firing"
    assert {row["endpoint"] for row in rows} == {f"ep_topic_{six_users.number}"}


def test_every_number_follows_from_the_windows(alert, six_users):
    evidence = alert["evidence"]
    first, last = date.fromisoformat(evidence["window_from"]), date.fromisoformat(evidence["window_to"])
    since = date.fromisoformat(evidence["since"])

    def sets(begin, end):
        with six_users.engine.begin() as connection:
            rows = connection.execute(
                select(windows).where(windows.c.workspace == six_users.number, windows.c.account == alert["account"])
            )
            return [row for row in rows if begin <= row.hour.date() <= end]

    inside = sets(first, last)
    assert evidence["observed"] == sum(count_users([row.users]) for row in inside)
    assert evidence["events_observed"] == sum(row.events for row in inside)
    assert (last - first).days + 1 == evidence["window_days"]
    weekdays = sum((first + timedelta(days=i)).weekday() < 5 for i in range(evidence["window_days"]))
    assert evidence["expected"] == pytest.approx(6 * weekdays, rel=0.15)
    assert evidence["low"] <= evidence["expected"] <= evidence["high"]
    assert evidence["ratio"] == pytest.approx(evidence["observed"] / evidence["expected"], abs=1e-3)
    before = unite(row.users for row in sets(since - timedelta(days=28), since - timedelta(days=1)))
    active = unite(row.users for row in sets(max(since, last - timedelta(days=27)), last))
    assert (evidence["users_before"], evidence["users_active"]) == (len(before), len(active))
    assert abs((since - date(2026, 4, 5)).days) <= 4
    assert evidence["segment"] == "plan:pro"
    assert evidence["segment_accounts"] == 5
    assert evidence["segment_factor"] == pytest.approx(1, abs=0.1)
    assert evidence["score"] >= evidence["threshold"]


def test_the_sentence_names_who_stopped(six_users):
    six_users.live(60, 112)
    [alert] = six_users.alerts
    assert alert["sentence"].startswith("Acme: ")
    for word in ("people still use the product", "user-days where", "since", "accounts like it (plan pro, 5"):
        assert word in alert["sentence"]
    gone = {user["user"] for user in alert["evidence"]["users_gone"]}
    assert gone
    assert gone <= {"ada", "bob", "cyd", "dan", "eve"}
    assert "stopped" in alert["sentence"]


def test_evaluating_again_changes_nothing(alert, six_users):
    before = (six_users.alerts, six_users.rows(outbox))
    assert six_users.evaluate(112) == 0
    assert (six_users.alerts, six_users.rows(outbox)) == before


def test_it_worsens_and_is_told_again(alert, six_users):
    steps = six_users.steps(alert["episode"])
    assert steps[0] == Transition.FIRED
    assert set(steps) <= {Transition.FIRED, Transition.WORSENED}

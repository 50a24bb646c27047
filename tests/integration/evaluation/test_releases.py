"""After a release a segment's people stop: one alert that says before and after, who stopped, and the others."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import insert

from schemas.database.tables import releases

from .conftest import hour

RELEASED, DAYS = 84, 126
WEEKDAYS = [day for day in range(DAYS) if day % 7 < 5]


def released(scene, name="4.2", day=RELEASED, **more):
    with scene.engine.begin() as connection:
        row = {
            "workspace": scene.number,
            "release": name,
            "released_at": hour(day),
            "recorded_at": datetime(2026, 1, 1, tzinfo=UTC),
        }
        connection.execute(insert(releases).values(row | more))


def customers(scene, plan, stay=4, n=6, since=RELEASED, until=DAYS):
    """Accounts of a plan, four people each; from a day on only `stay` of them come."""
    for i in range(n):
        people = [f"{plan}{i}-{j}" for j in range(4)]
        days = ((day, people[: stay if since <= day < until else 4]) for day in WEEKDAYS)
        scene.did(scene.account(f"{plan}-{i}", plan=plan), days)


def told(scene):
    return [(alert["kind"], alert["segment"], alert["behavior"]) for alert in scene.alerts]


def test_two_of_four_stop_after_a_release(scene):
    customers(scene, "free", stay=2)
    customers(scene, "pro")
    released(scene, accounts=[f"free-{i}" for i in range(6)])
    scene.evaluate(84)
    scene.live(85, 100)
    assert told(scene)[-1] == ("release.disrupted", "plan:free", "release 4.2")
    alert = scene.alerts[-1]
    assert alert["fired_at"] <= hour(RELEASED + 9)
    evidence, extra = alert["evidence"], alert["evidence"]["extra"]
    assert (extra["before_a_week"], extra["accounts"], extra["accounts_below"], extra["accounts_without"]) == (
        120,
        6,
        6,
        6,
    )
    assert evidence["ratio"] == pytest.approx(0.5, abs=0.05)
    assert evidence["segment_factor"] == pytest.approx(1, abs=0.05)
    assert {user["user"] for user in evidence["users_gone"]} == {f"free{i}-{j}" for i in range(6) for j in (2, 3)}
    assert alert["sentence"].startswith(
        "After release 4.2 (30 March 2026), 6 of 6 accounts of segment plan free do less: "
    )
    assert "6 accounts without it changed by ±0 %." in alert["sentence"]
    assert {alert["kind"] for alert in scene.alerts} <= {"release.disrupted", "segment.dropped"}


def test_one_account_of_its_own(scene):
    customers(scene, "free")
    acme = scene.account("acme", plan="free")
    scene.did(acme, ((day, ["ada", "bob", "cyd", "dan"][: 2 if day >= RELEASED else 4]) for day in WEEKDAYS))
    released(scene, accounts=["acme"])
    scene.evaluate(84)
    scene.live(85, 100)
    assert ("release.disrupted", "plan:free", "release 4.2") in told(scene)


def test_what_everyone_does_is_no_releases(scene):
    for plan in ("free", "pro"):
        customers(scene, plan, stay=2)
    released(scene, accounts=[f"free-{i}" for i in range(6)])
    scene.evaluate(84)
    scene.live(85, 100)
    assert "release.disrupted" not in {kind for kind, *_ in told(scene)}


def test_a_release_that_disturbs_nobody_is_quiet(scene):
    for plan in ("free", "pro"):
        customers(scene, plan)
    released(scene)
    scene.evaluate(84)
    scene.live(85, 115)
    assert told(scene) == []


def test_a_release_marked_later_says_nothing_of_days_judged_before(scene):
    customers(scene, "free", stay=2)
    customers(scene, "pro")
    scene.evaluate(84)
    scene.live(85, 100)
    before = scene.alerts
    released(scene, accounts=[f"free-{i}" for i in range(6)], recorded_at=datetime(2999, 1, 1, tzinfo=UTC))
    scene.dirty(0)
    scene.evaluate(100)
    assert scene.alerts == before


def test_it_is_the_same_evaluated_again(scene):
    customers(scene, "free", stay=2, until=105)
    customers(scene, "pro")
    released(scene, accounts=[f"free-{i}" for i in range(6)])
    scene.evaluate(84)
    scene.live(85, 126)
    before = scene.alerts
    scene.dirty(0)
    scene.evaluate(126)
    assert scene.alerts == before
    assert {alert["state"] for alert in before} == {"resolved"}

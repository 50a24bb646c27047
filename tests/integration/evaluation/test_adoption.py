"""A busy account that never takes up the key behavior is told of; whoever takes it up is not."""

import pytest
from sqlalchemy import func, update

from schemas.database.tables import accounts, behaviors

from .conftest import TEAM, end_of, hour
from .test_sources import customers, key_behavior

WEEKDAYS = [day for day in range(140) if day % 7 < 5]
DECLARED = {"due_day": 30, "frequency": 2, "breadth": 3}


@pytest.fixture
def busy(scene):
    """Six people of Acme's come every weekday from day 28 on; eight others do the key behavior, too."""
    key_behavior(scene, **DECLARED)
    customers(scene, WEEKDAYS)
    customers(scene, WEEKDAYS, behavior=7)
    acme = scene.account("acme", name="Acme", plan="pro")
    scene.did(acme, ((day, TEAM) for day in WEEKDAYS if day >= 28))
    return scene


def born(scene, day, account="acme"):
    with scene.engine.begin() as connection:
        of = update(accounts).where(accounts.c.workspace == scene.number, accounts.c.account == account)
        connection.execute(of.values(created_at=hour(day)))


def test_a_busy_account_without_the_key_behavior(busy):
    born(busy, 28)
    busy.evaluate(60)
    busy.live(61, 80)
    [alert] = busy.alerts
    assert (alert["kind"], alert["behavior"], alert["state"]) == ("behavior.not_adopted", "report", "firing")
    assert alert["fired_at"] == end_of(28 + 30 + 7)
    extra = alert["evidence"]["extra"]
    assert extra["declared"] == DECLARED | {"days": 2, "in_days": 7}
    assert extra["seen"] == {"days": 0, "users": 0}
    assert (extra["people"], extra["life_began"]) == (6, "2026-02-02")
    assert alert["evidence"]["observed"] == 0
    assert alert["sentence"] == (
        "Acme: 6 people used the product in the 28 days to 11 March 2026, but report was not taken up: declared are "
        "2 days in 7, by 3 people, from 4 March 2026 on (day 30 of the account's life); we saw 0 days in the best 7 of "
        "these days, and 0 people."
    )
    assert "ada" in alert["evidence"]["next_step"]


def test_too_few_people_do_not_take_it_up(busy):
    busy.did(9, ((day, TEAM[:2]) for day in WEEKDAYS if day >= 28), behavior=7)
    busy.evaluate(60)
    busy.live(61, 80)
    [alert] = busy.alerts
    assert alert["evidence"]["extra"]["seen"] == {"days": 5, "users": 2}


def test_what_is_taken_up_in_time_is_quiet(busy):
    busy.did(9, ((day, TEAM[:3]) for day in WEEKDAYS if day >= 50 and day % 7 in (1, 3)), behavior=7)
    busy.evaluate(60)
    busy.live(61, 80)
    assert busy.alerts == []


def test_what_is_taken_up_later_resolves(busy):
    busy.did(9, ((day, TEAM) for day in WEEKDAYS if day >= 70), behavior=7)
    busy.evaluate(60)
    busy.live(61, 90)
    [alert] = busy.alerts
    assert alert["state"] == "resolved"
    assert alert["resolved_at"] < hour(92)


def test_without_a_day_of_birth_life_begins_with_the_first_event(busy):
    busy.evaluate(60)
    busy.live(61, 80)
    [alert] = busy.alerts
    assert alert["fired_at"] == end_of(28 + 30 + 7)


def test_days_of_a_pause_do_not_count(busy):
    busy.fact("acme", 0, pauses=[{"from": "2026-02-16", "to": "2026-02-25"}])
    busy.evaluate(60)
    busy.live(61, 80)
    [alert] = busy.alerts
    assert alert["fired_at"] == end_of(28 + 30 + 7 + 10)


def test_a_definition_says_nothing_of_days_before_it(busy):
    busy.evaluate(60)
    busy.live(61, 70)
    [alert] = busy.alerts
    with busy.engine.begin() as connection:
        of = update(behaviors).where(behaviors.c.workspace == busy.number, behaviors.c.behavior == "report")
        connection.execute(of.values(effective_from=func.now()))
    busy.dirty(0)
    busy.evaluate(70)
    assert [alert["state"] for alert in busy.alerts] == ["retracted"]
    busy.live(71, 75)
    [_, alert] = busy.alerts
    assert alert["fired_at"] == end_of(70)

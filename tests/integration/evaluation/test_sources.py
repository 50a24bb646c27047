"""A source stops, people are on holiday, an account pauses: what is missing is never reported as a missing customer."""

from datetime import date, timedelta

import pytest
from sqlalchemy import insert

from schemas.database.tables import behaviors
from streams.baselines import HOLIDAY
from streams.calendar import day_number, kinds_of

from .conftest import FIRST, TEAM, end_of, hour

WEEKDAYS = [day for day in range(140) if day % 7 < 5]
START = day_number(FIRST)
OUTAGE = range(98, 103)  # a Monday to its Friday


def customers(scene, days, n=8, behavior=0, **traits):
    for i in range(n):
        number = i + 1 if behavior else scene.account(f"acc-{i}", plan="pro", **traits)
        scene.did(number, ((day, [f"u{i}-{j}" for j in range(4)]) for day in days), behavior=behavior)


def key_behavior(scene, number=7, name="report", **definition):
    with scene.engine.begin() as connection:
        row = {"workspace": scene.number, "number": number, "behavior": name, "automatic": False, "state": "active"}
        connection.execute(insert(behaviors).values(**row, definition={"key": True, **definition}))


def kinds(scene):
    return [alert["kind"] for alert in scene.alerts]


def iso(day):
    return (FIRST + timedelta(days=day)).isoformat()


def test_a_source_that_stops_is_one_alert_and_no_customers(scene):
    customers(scene, [day for day in WEEKDAYS if day not in OUTAGE])
    scene.evaluate(95)
    scene.live(96, 120)
    [alert] = scene.alerts
    assert (alert["kind"], alert["account"], alert["segment"], alert["behavior"]) == (
        "ingest.quiet",
        None,
        "everyone",
        "*",
    )
    assert alert["fired_at"] == end_of(OUTAGE.start)
    assert alert["state"] == "resolved"
    assert hour(OUTAGE.stop) < alert["resolved_at"] < hour(OUTAGE.stop + 7)
    evidence = alert["evidence"]
    assert (evidence["observed"], evidence["expected"]) == (0, pytest.approx(32, rel=0.1))
    assert (evidence["extra"]["accounts_seen"], evidence["extra"]["accounts_due"]) == (0, 8)
    assert alert["sentence"].startswith("Next to no events come since 13 April 2026: ")


def test_its_days_stay_unknown_when_they_are_judged_again(scene):
    customers(scene, [day for day in WEEKDAYS if day not in OUTAGE])
    scene.evaluate(95)
    scene.live(96, 130)
    before = scene.alerts
    scene.dirty(0)
    scene.evaluate(130)
    assert scene.alerts == before


def test_what_comes_late_takes_the_alert_back(scene):
    customers(scene, [day for day in WEEKDAYS if day not in OUTAGE])
    scene.evaluate(95)
    scene.live(96, 104)
    for i in range(8):
        scene.did(i + 1, [(day, [f"u{i}-{j}" for j in range(4)]) for day in OUTAGE])
    scene.dirty(OUTAGE.start)
    scene.evaluate(104)
    assert [(alert["kind"], alert["state"]) for alert in scene.alerts] == [("ingest.quiet", "retracted")]


def test_who_is_gone_since_before_an_outage_is_found_after_it(scene):
    customers(scene, [day for day in WEEKDAYS if day not in OUTAGE])
    scene.did(scene.account("acme", plan="pro"), ((day, TEAM) for day in WEEKDAYS if day < 95))
    scene.evaluate(95)
    scene.live(96, 120)
    assert kinds(scene) == ["ingest.quiet", "behavior.dropped"]
    assert scene.alerts[1]["fired_at"] > hour(OUTAGE.stop)


def test_a_behavior_that_stops_everywhere_is_a_source(scene):
    key_behavior(scene)
    customers(scene, WEEKDAYS)
    customers(scene, [day for day in WEEKDAYS if day < OUTAGE.start], behavior=7)
    scene.evaluate(95)
    scene.live(96, 125)
    assert [(alert["kind"], alert["behavior"]) for alert in scene.alerts] == [("ingest.quiet", "report")]
    assert "report events" in scene.alerts[0]["sentence"]


def test_three_small_customers_are_too_few_to_say_so(scene):
    customers(scene, [day for day in WEEKDAYS if day not in range(98, 100)], n=3)
    scene.evaluate(95)
    scene.live(96, 120)
    assert kinds(scene) == []


def test_a_holiday_week_is_no_alert(scene):
    free = {day for day, kind in ((day, kinds_of(day + START, ["JP"])[0]) for day in WEEKDAYS) if kind == HOLIDAY}
    assert {(date(2026, 5, day) - FIRST).days for day in (4, 5, 6)} <= free
    customers(scene, [day for day in WEEKDAYS if day not in free], country="JP", time_zone="Asia/Tokyo")
    scene.evaluate(100)
    scene.live(101, 130)
    assert kinds(scene) == []


def test_a_pause_is_no_silence(scene):
    customers(scene, WEEKDAYS)
    pause = range(98, 126)
    for name in ("acme", "bolt"):
        number = scene.account(name, plan="pro")
        scene.did(number, ((day, TEAM) for day in WEEKDAYS if day not in pause))
    scene.fact("acme", 90, pauses=[{"from": iso(pause.start), "to": iso(pause.stop - 1)}])
    scene.evaluate(95)
    scene.live(96, 130)
    assert [(alert["kind"], alert["account"]) for alert in scene.alerts] == [("behavior.dropped", 10)]


def test_silence_after_a_pause_is_silence(scene):
    customers(scene, WEEKDAYS)
    scene.did(scene.account("acme", plan="pro"), ((day, TEAM) for day in WEEKDAYS if day < 98))
    scene.fact("acme", 90, pauses=[{"from": iso(98), "to": iso(111)}])
    scene.evaluate(95)
    scene.live(96, 135)
    [alert] = scene.alerts
    assert alert["fired_at"] > hour(113)


def test_an_account_that_comes_at_the_months_end_only_is_quiet_once_its_rhythm_is_known(scene):
    customers(scene, WEEKDAYS)
    ends = {(date(2026, month, 1) - FIRST).days - back for month in (2, 3, 4, 5) for back in (1, 2, 3)}
    scene.did(scene.account("acme", plan="pro"), ((day, TEAM) for day in sorted(ends)))
    scene.evaluate(140)
    assert [alert["kind"] for alert in scene.alerts if alert["fired_at"] > hour(60)] == []


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
def test_days_of_23_and_25_hours_are_days(scene, zone):
    customers(scene, range(140), n=6, time_zone=zone)
    scene.evaluate(80)
    scene.live(81, 100)
    assert kinds(scene) == []

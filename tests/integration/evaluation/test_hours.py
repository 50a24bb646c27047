"""A busy account that stops is alerted within hours; when its day is over, the same is found again."""

from datetime import timedelta

import pytest

from schemas.clock import to_ms
from streams.evaluation import evaluate

from .conftest import hour

DAYS = 45
PER_HOUR = 300


@pytest.fixture
def busy(scene):
    """Acme: 300 events an hour from 8 to 18 o'clock, seven days a week, until noon of the last day."""
    acme = scene.account("acme")
    for day in range(DAYS):
        until = 12 if day == DAYS - 1 else 18
        scene.worked(acme, day, range(8, until), PER_HOUR)
    return scene


def at(scene, day, o_clock):
    moment = hour(day, 0) + timedelta(hours=o_clock)
    return evaluate(scene.engine, scene.number, to_ms(moment), moment)


def test_a_stop_is_told_within_hours(busy):
    busy.live(DAYS - 3, DAYS - 1)
    for o_clock in range(1, 14):
        at(busy, DAYS - 1, o_clock)
    assert busy.alerts == []
    at(busy, DAYS - 1, 15)
    [alert] = busy.alerts
    assert (alert["kind"], alert["fired_at"]) == ("behavior.dropped", hour(DAYS - 1, 14))
    assert "all but stopped" in alert["sentence"]
    assert "0 events where 600" in alert["sentence"]
    at(busy, DAYS - 1, 16)
    at(busy, DAYS, 1)
    at(busy, DAYS + 3, 1)
    [same] = [one for one in busy.alerts if one["fired_at"] <= hour(DAYS, 0)]
    assert (same["episode"], same["state"]) == (alert["episode"], "firing")
    assert busy.steps(alert["episode"]) == ["fired"]


def test_late_hours_take_it_back(busy):
    busy.live(DAYS - 3, DAYS - 1)
    at(busy, DAYS - 1, 15)
    [alert] = busy.alerts
    busy.worked(1, DAYS - 1, range(12, 15), PER_HOUR)
    busy.dirty(DAYS - 1)
    at(busy, DAYS - 1, 16)
    [alert] = busy.alerts
    assert alert["state"] == "retracted"


def test_hours_say_nothing_while_the_source_is_quiet(scene):
    acme = scene.account("acme")
    for day in range(DAYS - 2):
        scene.worked(acme, day, range(8, 18), PER_HOUR)
    for i in range(8):
        people = [f"p{i}-{j}" for j in range(3)]
        scene.did(scene.account(f"peer-{i}"), ((day, people) for day in range(DAYS - 2)))
    scene.live(DAYS - 4, DAYS - 1)
    at(scene, DAYS - 1, 15)
    assert [alert["kind"] for alert in scene.alerts] == ["ingest.quiet"]

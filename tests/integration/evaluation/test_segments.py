"""A whole segment falls: one alert, its accounts stay without one of their own."""

import numpy as np
import pytest

from .conftest import hour

FALL, DAYS = 100, 118


@pytest.fixture
def falling(scene):
    """Two plans of 12 accounts with 6 to 9 users each; from day FALL on most of the starters' people stay away."""
    rng = np.random.default_rng(1)
    for i in range(24):
        plan = "starter" if i < 12 else "pro"
        number = scene.account(f"{plan}-{i}", plan=plan)
        people = [f"{i}-{j}" for j in range(6 + i % 4)]
        days = []
        for day in (day for day in range(DAYS) if day % 7 < 5):
            chance = 0.8 * (0.4 if plan == "starter" and day >= FALL else 1)
            days.append((day, [name for name in people if rng.random() < chance]))
        scene.did(number, days)
    return scene


def test_one_alert_for_the_segment(falling):
    falling.live(99, DAYS)
    assert [(alert["kind"], alert["segment"]) for alert in falling.alerts] == [("segment.dropped", "plan:starter")]
    [alert] = falling.alerts
    assert alert["account"] is None
    assert hour(FALL) < alert["fired_at"] < hour(FALL + 14)
    evidence = alert["evidence"]
    assert evidence["observed"] < evidence["low"]
    assert evidence["extra"]["accounts"] == 12
    assert evidence["extra"]["accounts_below"] >= 8
    assert alert["sentence"].startswith("Segment plan starter: ")
    assert "The other segments changed by" in alert["sentence"]


def test_it_is_the_same_evaluated_again(falling):
    falling.live(99, DAYS)
    before = falling.alerts
    falling.dirty(0)
    assert falling.evaluate(DAYS) == 0
    assert falling.alerts == before

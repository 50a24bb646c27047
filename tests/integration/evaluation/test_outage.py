"""A segment of 1,000 accounts: when all of it falls there is one alert and one notification, on a holiday none."""

from datetime import date

import msgspec
import numpy as np
import pytest
from sqlalchemy import insert

from schemas.database.endpoints import create_endpoint
from schemas.database.tables import accounts, outbox, users, windows
from schemas.webhooks import Wanted
from schemas.windows import encode_users

from .conftest import FIRST, hour

pytestmark = pytest.mark.timeout(1200)
MANY, OTHERS, PEOPLE, FALL, DAYS = 1000, 300, 5, 100, 114
GOOD_FRIDAY, EASTER_MONDAY = ((day - FIRST).days for day in (date(2026, 4, 3), date(2026, 4, 6)))


def fill(scene, away):
    """Two plans with five people an account; `away(day)` is how many of the starters' people are missing."""
    luck = np.random.default_rng(1)
    plans = ["starter"] * MANY + ["pro"] * OTHERS
    rows = []
    for i, plan in enumerate(plans):
        for day in (day for day in range(DAYS) if day % 7 < 5):
            missing = away(day) if plan == "starter" else 0
            there = [i * PEOPLE + j + 1 for j in np.flatnonzero(luck.random(PEOPLE) < 0.8 * (1 - missing))]
            if there:
                rows.append(
                    {"account": i + 1, "hour": hour(day), "events": 2 * len(there), "users": encode_users(there)}
                )
    here = {"workspace": scene.number}
    window = here | {"behavior": 0, "topic": 0, "partition": 0, "value": 0.0, "id_sum": 0}
    with scene.engine.begin() as connection:
        traits = [{"plan": plan, "country": "DE", "time_zone": "Europe/Berlin"} for plan in plans]
        named = [here | {"number": i + 1, "account": f"a{i}", "traits": one} for i, one in enumerate(traits)]
        connection.execute(insert(accounts), named)
        people = [here | {"number": n + 1, "user": f"u{n}"} for n in range(len(plans) * PEOPLE)]
        connection.execute(insert(users), people)
        connection.execute(insert(windows), [window | row for row in rows])
        wanted = msgspec.structs.asdict(Wanted()) | {"url": "https://example.com/"}
        return create_endpoint(connection, scene.number, wanted)["id"]


def notified(scene, endpoint):
    return [row["event_type"] for row in scene.rows(outbox) if row["endpoint"] == endpoint]


def test_an_outage_of_a_thousand_accounts_is_one_alert_and_one_notification(scene):
    endpoint = fill(scene, lambda day: 0.7 if day >= FALL else 0)
    for day in (FALL, FALL + 4, FALL + 8, DAYS):
        scene.evaluate(day)
    assert [one["kind"] for one in scene.alerts] == ["segment.dropped"]
    assert notified(scene, endpoint) == ["alert.firing"]


def test_a_holiday_is_none(scene):
    endpoint = fill(scene, lambda day: 1 if day in (GOOD_FRIDAY, EASTER_MONDAY) else 0)
    for day in (GOOD_FRIDAY, GOOD_FRIDAY + 1, EASTER_MONDAY + 1, DAYS):
        scene.evaluate(day)
    assert scene.alerts == []
    assert notified(scene, endpoint) == []

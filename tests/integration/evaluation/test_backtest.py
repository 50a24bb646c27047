"""A backtest tells what live evaluation told, day by day, over the same recorded events."""

import msgspec
import numpy as np
import pytest

from schemas.clock import HOUR_MS, to_ms
from schemas.database.tables import accounts, transitions
from streams.backtest import backtest
from streams.evaluating.folding import Detection
from streams.evaluating.recording import Recording

from .conftest import hour

DAYS = 150


@pytest.fixture
def recorded(scene):
    """Fourteen accounts; two lose most of their people, one is silent for four weeks, and comes back."""
    rng, recording, traits = np.random.default_rng(3), Recording(), {}
    for i in range(14):
        name, people = f"acme-{i}", [f"{i}-{j}" for j in range(4 + i % 5)]
        traits[name] = {"name": f"Acme {i}", "plan": "pro" if i % 2 else "free", "country": "DE"}
        number, days = scene.account(name, **traits[name]), []
        for day in range(DAYS):
            usual = 0.15 if day % 7 > 4 else 0.75
            left = 0.2 if i < 2 and day >= 90 + 10 * i else 0 if i == 2 and 85 <= day < 113 else 1
            came = [person for person in people if rng.random() < usual * left]
            days.append((day, came))
            for person in came:
                for _ in range(2):
                    recording.add(to_ms(hour(day)) + HOUR_MS // 3, name, person, "report", {})
        scene.did(number, days)
    return recording, traits


def test_live_and_backtest_give_the_same_alerts(scene, recorded):
    recording, traits = recorded
    scene.live(60, DAYS)
    names = {row["number"]: row["account"] for row in scene.rows(accounts)}
    live = [
        (
            alert["kind"],
            names[alert["account"]],
            alert["fired_at"].isoformat(),
            alert["resolved_at"] and alert["resolved_at"].isoformat(),
            fired_with(scene, alert["episode"]),
        )
        for alert in scene.alerts
    ]
    found = backtest(recording, traits, Detection(0.5)).alerts
    told = [
        (str(alert.kind), alert.account, alert.fired_at, alert.resolved_at, plain(alert.evidence)) for alert in found
    ]
    assert sorted(told, key=str) == sorted(live, key=str)
    assert {alert.account for alert in found} >= {"acme-0", "acme-1", "acme-2"}
    assert any(alert.resolved_at for alert in found)


def fired_with(scene, episode):
    [row] = [row for row in scene.rows(transitions) if row["episode"] == episode and row["transition"] == "fired"]
    return row["evidence"]


def plain(evidence):
    return msgspec.json.decode(msgspec.json.encode(evidence))

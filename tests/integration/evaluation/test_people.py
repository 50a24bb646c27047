"""People stop, a champion leaves, an account falls silent: what the product says of it, on a real database."""

from datetime import date

import pytest
from sqlalchemy import insert, update

from schemas.alerts import AlertKind
from schemas.database.tables import accounts, signals, users

from .conftest import hour

DAYS = 147
WEEKDAYS = [day for day in range(DAYS) if day % 7 < 5]


def peers(scene, n=6):
    for i in range(n):
        peer = scene.account(f"peer-{i}", plan="pro")
        scene.did(peer, ((day, [f"p{i}-{j}" for j in range(4)]) for day in WEEKDAYS))


@pytest.fixture
def thin(scene):
    """An account with an event every ten days, up to day 100."""
    peers(scene)
    acme = scene.account("acme", name="Acme", plan="pro")
    scene.did(acme, ((day, ["ada"]) for day in range(0, 101, 10)))
    return scene


def test_a_thin_account_falls_silent(thin):
    thin.evaluate(122)
    assert thin.alerts == []
    thin.live(123, DAYS)
    [alert] = thin.alerts
    assert alert["kind"] == AlertKind.ACCOUNT_SILENT
    evidence = alert["evidence"]
    fired = date.fromisoformat(evidence["window_to"])
    assert evidence["extra"]["last_sign"] == str(hour(100).date())
    assert evidence["extra"]["silent_days"] == (fired - hour(100).date()).days
    assert evidence["observed"] == 0
    assert f"no sign of life since 15 April 2026, for {evidence['extra']['silent_days']} days" in alert["sentence"]


def test_a_signal_by_the_api_is_a_sign_of_life(thin):
    [acme] = [row["number"] for row in thin.rows(accounts) if row["account"] == "acme"]
    with thin.engine.begin() as connection:
        for day in range(110, DAYS, 10):
            row = {"workspace": thin.number, "account": acme, "signal": "call", "direction": "inbound"}
            connection.execute(insert(signals).values(**row, id_hash=str(day).encode(), valid_from=hour(day)))
    thin.live(120, DAYS)
    assert thin.alerts == []


def test_who_stopped_is_named(scene):
    """A busy account loses three of its five, while the two who stay do more."""
    peers(scene)
    acme = scene.account("acme", name="Acme", plan="pro")
    last = {"ada": 98, "bob": 98, "cyd": 105, "dan": DAYS, "eve": DAYS}
    scene.did(acme, ((day, [name for name in last if day < last[name]]) for day in WEEKDAYS))
    scene.live(90, DAYS)
    [alert] = scene.alerts
    gone = {user["user"] for user in alert["evidence"]["users_gone"]}
    assert gone <= {"ada", "bob", "cyd"}
    assert {"ada", "bob"} <= gone
    assert alert["evidence"]["users_still_active"][-2:] == ["dan", "eve"]


def test_a_champion_is_missed_while_the_account_is_busy(scene):
    peers(scene)
    acme = scene.account("acme", name="Acme", plan="pro")
    team = ["ada", *(f"user-{i}" for i in range(9))]
    scene.did(acme, ((day, team[day >= 98 :]) for day in WEEKDAYS))
    with scene.engine.begin() as connection:
        named = update(users).where(users.c.workspace == scene.number, users.c.user == "ada")
        connection.execute(named.values(role="champion"))
    scene.live(95, DAYS)
    [alert] = scene.alerts
    assert (alert["kind"], alert["user"]) == (AlertKind.CHAMPION_SILENT, scene.user("ada"))
    assert alert["evidence"]["users_gone"][0]["last_seen"] == str(hour(95).date())
    assert alert["sentence"].startswith("Acme: ada, who came ")
    assert "9 other people still use the product" in alert["sentence"]


def test_evaluated_again_it_is_the_same(thin):
    thin.live(120, DAYS)
    before = thin.alerts
    thin.dirty(0)
    assert thin.evaluate(DAYS) == 0
    assert thin.alerts == before

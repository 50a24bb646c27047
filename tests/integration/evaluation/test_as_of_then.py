"""An account may change its segment, and what is said today may hold since long ago: each day is judged as it was."""

from schemas.accounts import Role
from schemas.database.tables import transitions

from .conftest import TEAM, fading, hour

WEEKDAYS = [day for day in range(112) if day % 7 < 5]


def peers(scene):
    """Five accounts on each of two plans."""
    for plan in ("free", "pro"):
        for i in range(5):
            number = scene.account(f"{plan}-{i}", plan=plan)
            scene.did(number, ((day, [f"{plan}{i}-{j}" for j in range(4)]) for day in WEEKDAYS))


def found(scene):
    return [(alert["episode"], alert["evidence"], scene.steps(alert["episode"])) for alert in scene.alerts]


def test_a_segment_is_that_of_its_day(scene):
    peers(scene)
    scene.did(scene.account("acme"), fading())
    scene.fact("acme", 0, plan="free")
    scene.live(60, 108)
    [alert] = scene.alerts
    assert alert["evidence"]["segment"] == "plan:free"
    before = found(scene)
    scene.fact("acme", 109, plan="pro")
    scene.live(109, 112)
    scene.dirty(0)
    scene.evaluate(112)
    assert found(scene) == before


def test_what_was_said_later_does_not_change_what_was_judged_live(scene):
    peers(scene)
    scene.did(scene.account("acme"), fading())
    scene.fact("acme", 0, plan="free")
    scene.live(60, 108)
    before = found(scene)
    scene.fact("acme", 65, plan="pro")
    scene.dirty(0)
    scene.evaluate(108)
    assert found(scene) == before


def test_an_import_is_judged_by_all_that_is_known(scene):
    peers(scene)
    scene.did(scene.account("acme"), fading(), topic=1)
    scene.fact("acme", 50, plan="free")
    scene.fact("acme", 111, plan="pro")
    scene.imported(0, closed=True)
    scene.evaluate(112)
    [alert] = scene.alerts
    assert alert["evidence"]["segment"] == "plan:free"


def test_a_day_is_cut_where_the_account_was_then(scene):
    scene.did(scene.account("acme"), ((day, TEAM) for day in WEEKDAYS if day < 84))
    scene.fact("acme", 0, time_zone="Asia/Tokyo")
    scene.live(80, 100)
    [alert] = scene.alerts
    assert alert["fired_at"].hour == 14
    before = found(scene)
    scene.fact("acme", 101, time_zone="America/Los_Angeles")
    scene.live(101, 104)
    scene.dirty(80)
    scene.evaluate(104)
    assert found(scene)[0][0] == before[0][0]
    assert scene.alerts[0]["fired_at"] == alert["fired_at"]
    assert scene.alerts[0]["fired_at"] < hour(104)


def test_who_has_left_is_not_judged(scene):
    peers(scene)
    scene.did(scene.account("acme", plan="free"), ((day, TEAM) for day in WEEKDAYS if day < 84))
    scene.fact("acme", 83, stage="churned")
    scene.live(80, 112)
    assert scene.alerts == []


def test_an_alert_ends_when_its_customer_leaves(scene):
    peers(scene)
    scene.did(scene.account("acme", plan="free"), ((day, TEAM) for day in WEEKDAYS if day < 84))
    scene.live(80, 100)
    scene.fact("acme", 101, stage="churned")
    scene.live(101, 112)
    [alert] = scene.alerts
    assert alert["state"] == "resolved"
    assert scene.rows(transitions)[-1]["reason"] == "the customer has left"


def test_a_champion_is_who_was_it_then(scene):
    peers(scene)
    team = ["ada", *(f"user-{i}" for i in range(9))]
    scene.did(scene.account("acme", plan="pro"), ((day, team[day >= 84 :]) for day in WEEKDAYS))
    scene.role("ada", 0, Role.CHAMPION)
    scene.live(81, 112)
    before = found(scene)
    assert [alert["kind"] for alert in scene.alerts] == ["champion.silent"]
    scene.role("ada", 90, Role.MEMBER)
    scene.role("user-3", 0, Role.CHAMPION)
    scene.dirty(0)
    scene.evaluate(112)
    assert found(scene) == before

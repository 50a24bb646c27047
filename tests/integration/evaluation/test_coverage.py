"""Who is judged, on a real database: judged, too thin, or without data, with the reason, and the share of ARR."""

from sqlalchemy import func, select

from schemas.alerts import ON_ACCOUNTS, AlertKind
from schemas.database.accounts import AccountFilter, account, list_accounts
from schemas.database.segments import list_segments
from schemas.database.tables import coverage
from schemas.rules import Mode, Rule, Rules

from .conftest import TEAM, hour

KIND = "behavior.dropped"
YOUNG = "not enough data yet: day 5 of 7, judged from 2026-03-10"
NOTHING = "no data: nothing of it was seen yet"
OFF = Rules(kinds={kind.value: Rule(mode=Mode.OFF) for kind in ON_ACCOUNTS})


def weekdays(until, first=0):
    return [day for day in range(first, until) if day % 7 < 5]


def judged(scene, kind=KIND):
    with scene.engine.begin() as connection:
        found = list_accounts(connection, scene.number, AccountFilter(), "account", 10, None).items
    return {one["account"]: tuple(one["judged"][kind].values()) for one in found}


def test_each_account_says_whether_it_is_judged(scene):
    scene.did(scene.account("busy", arr=90_000), ((day, TEAM) for day in weekdays(63)))
    scene.did(scene.account("monthly", arr=10_000), ((day, ["ada"]) for day in range(0, 63, 28)))
    scene.did(scene.account("new"), ((day, TEAM) for day in weekdays(63, 58)))
    scene.account("unseen")
    scene.live(60, 63)
    assert judged(scene) == {
        "busy": ("judged", None),
        "monthly": ("too_thin", "too thin: about 1.5 user-days are due in 42 days, 3 are needed"),
        "new": ("no_data", YOUNG),
        "unseen": ("no_data", NOTHING),
    }
    with scene.engine.begin() as connection:
        assert account(connection, scene.number, "busy", hour(0))["judged"][KIND]["status"] == "judged"
        [everyone] = [one for one in list_segments(connection, scene.number) if one["segment"] == "everyone"]
    assert (everyone["judged"], everyone["judged_arr"]) == (0.25, 0.9)


def test_every_kind_says_what_it_lacks(scene):
    scene.did(scene.account("busy"), ((day, TEAM) for day in weekdays(63)))
    scene.did(scene.account("monthly"), ((day, ["ada"]) for day in range(0, 63, 28)))
    scene.did(scene.account("new"), ((day, TEAM) for day in weekdays(63, 58)))
    scene.live(60, 63)
    lacks = {
        AlertKind.ACCOUNT_SILENT: "2 pauses between its visits are known, 4 are needed",
        AlertKind.USERS_INACTIVE: "0 of its people came for two weeks, 2 are needed",
        AlertKind.CHAMPION_SILENT: "nobody is its champion, or does clearly most of its use",
    }
    for kind, lack in lacks.items():
        found = judged(scene, kind)
        assert (found["monthly"], found["new"]) == (("too_thin", f"too thin: {lack}"), ("no_data", YOUNG))
    assert judged(scene, AlertKind.USERS_INACTIVE)["busy"] == ("judged", None)
    assert judged(scene, AlertKind.CHAMPION_SILENT)["busy"][0] == "too_thin"  # all of them do as much
    assert judged(scene, AlertKind.BEHAVIOR_NOT_ADOPTED)["busy"] == ("no_data", "no data: no behavior has a due day")


def test_an_account_in_a_pause_is_not_called_thin(scene):
    pauses = [{"from": "2026-03-02", "to": "2026-03-20"}]
    scene.did(scene.account("away", pauses=pauses), ((day, TEAM) for day in weekdays(56)))
    scene.did(scene.account("busy"), ((day, TEAM) for day in weekdays(63)))
    scene.live(60, 63)
    said = "no data now: a pause, a quiet source, or no customer any more"
    assert judged(scene) == {"away": ("no_data", said), "busy": ("judged", None)}


def test_nobody_is_judged_before_a_month_is_known(scene):
    scene.did(scene.account("busy"), ((day, TEAM) for day in weekdays(28)))
    scene.did(scene.account("new"), ((day, TEAM) for day in weekdays(28, 14)))
    scene.evaluate(28)
    said = "not enough data yet: day {} of {}, judged from 2026-02-02"
    assert judged(scene) == {"busy": ("no_data", said.format(28, 29)), "new": ("no_data", said.format(14, 15))}
    scene.did(1, [(28, TEAM)])
    scene.evaluate(29)
    assert {status for status, _ in judged(scene).values()} == {"judged"}


def test_only_what_changes_is_written(scene):
    scene.did(scene.account("busy"), ((day, TEAM) for day in weekdays(80)))
    scene.did(scene.account("new"), ((day, TEAM) for day in weekdays(80, 67)))
    scene.evaluate(70)
    written = {row["account"]: row["recorded_at"] for row in scene.rows(coverage)}
    scene.live(71, 73)
    assert {row["account"]: row["recorded_at"] for row in scene.rows(coverage)} == written
    scene.live(74, 90)  # the new one has come of age
    again = {row["account"]: row["recorded_at"] for row in scene.rows(coverage)}
    assert again[1] == written[1]
    assert again[2] > written[2]
    assert judged(scene)["new"] == ("judged", None)


def test_a_kind_that_nobody_is_told_of_judges_nobody(scene):
    scene.did(scene.account("busy"), ((day, TEAM) for day in weekdays(63)))
    scene.evaluate(62)
    assert judged(scene)["busy"] == ("judged", None)
    scene.evaluate(63, OFF)
    with scene.engine.begin() as connection:
        assert connection.scalar(select(func.count()).select_from(coverage)) == 0

"""Who is judged, on a real database: judged, too thin, or without data, with the reason, and the share of ARR."""

from sqlalchemy import func, select

from schemas.alerts import ON_ACCOUNTS
from schemas.database.accounts import AccountFilter, account, list_accounts
from schemas.database.segments import list_segments
from schemas.database.tables import coverage
from schemas.rules import Mode, Rule, Rules

from .conftest import TEAM, hour

KIND = "behavior.dropped"
OFF = Rules(kinds={kind.value: Rule(mode=Mode.OFF) for kind in ON_ACCOUNTS})


def weekdays(until, first=0):
    return [day for day in range(first, until) if day % 7 < 5]


def judged(scene):
    with scene.engine.begin() as connection:
        found = list_accounts(connection, scene.number, AccountFilter(), "account", 10, None).items
    return {one["account"]: tuple(one["judged"][KIND].values()) for one in found}


def test_each_account_says_whether_it_is_judged(scene):
    scene.did(scene.account("busy", arr=90_000), ((day, TEAM) for day in weekdays(63)))
    scene.did(scene.account("monthly", arr=10_000), ((day, ["ada"]) for day in range(0, 63, 28)))
    scene.did(scene.account("new"), ((day, TEAM) for day in weekdays(63, 54)))
    scene.account("unseen")
    scene.live(60, 63)
    assert judged(scene) == {
        "busy": ("judged", None),
        "monthly": ("too_thin", "too thin: about 1.5 user-days are due in 42 days, 3 are needed"),
        "new": ("no_data", "not enough data yet: day 7 of 28"),
        "unseen": ("no_data", "no data: nothing of it was seen yet"),
    }
    with scene.engine.begin() as connection:
        assert account(connection, scene.number, "busy", hour(0))["judged"][KIND]["status"] == "judged"
        [everyone] = [one for one in list_segments(connection, scene.number) if one["segment"] == "everyone"]
    assert (everyone["judged"], everyone["judged_arr"]) == (0.25, 0.9)


def test_only_what_changes_is_written(scene):
    scene.did(scene.account("busy"), ((day, TEAM) for day in weekdays(80)))
    scene.did(scene.account("new"), ((day, TEAM) for day in weekdays(80, 57)))
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

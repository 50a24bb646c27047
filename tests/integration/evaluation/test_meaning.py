"""What the budget means, on a real database: said once a month, from the workspace's own past, and shown by CSM."""

from schemas.alerts import ON_ACCOUNTS
from schemas.database.calibrations import calibration
from schemas.database.tables import calibrations

from .conftest import TEAM, hour

DAYS = [day for day in range(300) if day % 7 < 5]


def busy(scene, accounts=24, until=300):
    for i in range(accounts):
        number = scene.account(f"account-{i}", csm="ada" if i % 3 else "bob", plan="pro", arr=1000)
        scene.did(number, ((day, [f"{i}-{name}" for name in TEAM]) for day in DAYS if day < until))
    scene.account("unseen", csm="bob", arr=4000)


def shown(scene, day):
    with scene.engine.begin() as connection:
        return calibration(connection, scene.number, hour(day))


def test_a_month_s_calibration_says_what_the_budget_means(scene):
    busy(scene)
    assert shown(scene, 0)["budget"] is None
    scene.evaluate(290)
    [row] = scene.rows(calibrations)
    assert row["month"] == hour(290).replace(day=1, hour=0)
    found = shown(scene, 290)
    assert (found["budget"], found["rules"], found["month"]) == (0.5, "built in", row["month"])
    injected = sum(one["injected"] for one in found["found"])
    assert 1 <= injected <= 12
    assert found["found_in_42_days"] == 1  # six people a day don't go unnoticed
    [kind] = found["kinds"]
    assert (kind["kind"], len(kind["thresholds"])) == (ON_ACCOUNTS[0], 12)
    assert kind["clean_years"] > 5
    csms = {one["csm"]: (one["accounts"], one["judged"], one["false_alerts_a_week"]) for one in found["by_csm"]}
    assert csms == {"ada": (16, 16, 0.153), "bob": (9, 8, 0.077)}
    covered = {
        "accounts": 24, "too_thin": 0, "no_data": 1, "share": 0.96,
        "arr_share": 0.8571, "arr_too_thin": 0.0, "arr_no_data": 0.1429,
    }  # fmt: skip
    assert found["judged_by_any"] == covered
    assert [one for one in found["judged"] if one["kind"] == ON_ACCOUNTS[0]] == [{"kind": ON_ACCOUNTS[0]} | covered]


def test_it_is_said_once_a_month_and_changes_nothing_else(scene):
    busy(scene, 12)
    scene.live(270, 273)
    [before] = scene.rows(calibrations)
    scene.live(274, 300)
    later = scene.rows(calibrations)
    assert [row["month"].month for row in later] == [10, 11] or len(later) == 1
    assert before in later
    assert scene.alerts == []


def test_alerts_are_counted_by_csm(six_users):
    six_users.fact("acme", 0, csm="ada")
    six_users.live(60, 112)
    found = shown(six_users, 112)
    assert {one["csm"]: one["alerts_a_week"] for one in found["by_csm"]} == {"ada": 0.077, None: 0.0}
    assert found["alerts_a_week"] == 0.08

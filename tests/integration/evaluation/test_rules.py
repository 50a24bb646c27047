"""Rules on a real database: kinds on trial and kinds that nobody looks for, and which rules an alert was judged by."""

from schemas.alerts import ON_ACCOUNTS, Origin
from schemas.database.accounts import AccountFilter, list_accounts
from schemas.database.alerts_read import AlertFilter, list_alerts
from schemas.database.tables import outbox
from schemas.rules import Mode, Rule, Rules, parse

SHADOW, OFF = (Rules(kinds={kind.value: Rule(mode=mode) for kind in ON_ACCOUNTS}) for mode in (Mode.SHADOW, Mode.OFF))


def listed(scene, **wanted):
    with scene.engine.begin() as connection:
        return list_alerts(connection, scene.number, AlertFilter(**wanted), 10, None).items


def open_alerts(scene):
    with scene.engine.begin() as connection:
        found = list_accounts(connection, scene.number, AccountFilter(), "account", 10, None).items
    return {one["account"]: one["open_alerts"] for one in found}


def test_a_kind_on_trial_is_stored_and_told_to_nobody(six_users):
    six_users.live(60, 112, SHADOW)
    [alert] = six_users.alerts
    assert (alert["origin"], alert["state"]) == (Origin.SHADOW, "firing")
    assert six_users.rows(outbox) == []
    assert listed(six_users) == []
    assert [one["id"] for one in listed(six_users, origin="shadow")] == [alert["episode"]]
    assert open_alerts(six_users)["acme"] == 0


def test_what_began_on_trial_stays_untold(six_users):
    six_users.live(60, 110, SHADOW)
    six_users.live(111, 112)
    assert [alert["origin"] for alert in six_users.alerts] == [Origin.SHADOW]
    assert six_users.rows(outbox) == []


def test_a_kind_that_is_off_opens_nothing_and_ends_what_is_open(six_users):
    six_users.live(60, 104)
    [alert] = six_users.alerts
    assert alert["state"] == "firing"
    six_users.live(105, 106, OFF)
    [alert] = six_users.alerts
    assert alert["state"] == "resolved"
    assert six_users.steps(alert["episode"])[-1] == "resolved"
    six_users.live(107, 112, OFF)
    assert len(six_users.alerts) == 1


def test_switched_on_again_it_knows_the_time_before(six_users):
    six_users.live(60, 100, OFF)
    assert six_users.alerts == []
    six_users.live(101, 112)
    assert [alert["account"] for alert in six_users.alerts] == [1]


def test_every_alert_names_the_rules_it_was_judged_by(six_users):
    rules = parse("{version: trial-7, budget: 0.4}")
    six_users.setting(budget=0.3)
    six_users.live(60, 112, rules)
    [alert] = six_users.alerts
    assert (alert["evidence"]["rules"], alert["evidence"]["budget"]) == ("trial-7", 0.4)

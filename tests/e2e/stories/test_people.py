"""People come, settle, stop and leave: what the product makes of it."""

from collections.abc import Callable
from datetime import date

import pytest

from tests.e2e.stories.cast import END, LIVE, PEOPLE, World, day_of, on, story, weekdays
from tests.e2e.stories.stage import Told

pytestmark = pytest.mark.timeout(900)  # whichever comes first waits for the play

Telling = Callable[[World], Told]
RELEASE, ALONE, FADES = LIVE + 2, LIVE + 21, LIVE + 8


@story()
def onboarding(it: World) -> None:
    """Six set the product up, four work with it, a release drives two of them away, and of the two left one goes."""
    for i, peer in enumerate(it.peers(14, days=())):
        begins, stay = 14 + 5 * i, 2 if i < 5 else 4
        peer.traits["created"] = f"{on(begins)}T00:00:00Z"
        peer.comes(PEOPLE[4:6], weekdays(begins, begins + 35), chance=0.9)
        peer.comes(PEOPLE[:stay], weekdays(begins), chance=0.8)
        peer.comes(PEOPLE[stay:4], weekdays(begins, RELEASE), chance=0.8)
    acme = it.account("acme", created=f"{on(105)}T00:00:00Z")
    acme.comes(PEOPLE[4:6], weekdays(105, 140))
    acme.comes(PEOPLE[2:4], weekdays(105, RELEASE))
    acme.comes("bob", weekdays(105, ALONE))
    acme.comes("ada", weekdays(105))
    it.release("navigation", RELEASE, ["acme", *(f"pro-{i}" for i in range(5))])


def test_six_users_settle_to_four_and_nobody_is_told(told: Telling) -> None:
    assert [alert for alert in told(onboarding).of("acme") if day_of(alert["fired_at"]) < RELEASE] == []


def test_four_become_two_after_a_release(told: Telling) -> None:
    [alert] = [alert for alert in told(onboarding).alerts if alert["kind"] == "release.disrupted"]
    assert RELEASE + 7 <= day_of(alert["fired_at"]) <= RELEASE + 14
    assert alert["sentence"].startswith("After release navigation (24 September 2025), 6 of 6 accounts of segment plan")
    gone = {user["user"] for user in alert["evidence"]["users_gone"]}
    assert {"cyd@acme", "dan@acme"} <= gone
    assert "bob@acme" not in gone


def test_two_become_one(told: Telling) -> None:
    [alert] = told(onboarding).of("acme")
    assert alert["kind"] == "users.inactive"
    assert ALONE + 7 <= day_of(alert["fired_at"]) < END
    assert "bob@acme" in {user["user"] for user in alert["evidence"]["users_gone"]}
    assert "; 1 of 4 still uses the product" in alert["sentence"]


def test_whom_the_release_drove_away_is_told_once(told: Telling) -> None:
    kinds = {alert["kind"] for i in range(5) for alert in told(onboarding).of(f"pro-{i}")}
    assert kinds == set()


@story("town")
def six_become_one(town: World) -> None:
    """Six people come every weekday, then one after the other stops; one of them goes on alone."""
    fading = town.account("fading")
    for i, person in enumerate(PEOPLE[:5]):
        fading.comes(person, weekdays(last=FADES + max(0, 2 * i - 2)))
    fading.comes(PEOPLE[5], weekdays())


def test_six_become_one(told: Telling) -> None:
    [alert] = [alert for alert in told(six_become_one).of("fading") if alert["state"] != "retracted"]
    evidence = alert["evidence"]
    assert (alert["kind"], alert["state"], alert["origin"]) == ("behavior.dropped", "firing", "live")
    assert evidence["users_before"] == 6
    assert evidence["observed"] < evidence["low"] < evidence["expected"]
    assert abs((date.fromisoformat(evidence["since"]) - on(FADES)).days) <= 4
    assert evidence["users_active"] < evidence["users_before"]
    assert {user["user"] for user in evidence["users_gone"]} <= {f"{person}@fading" for person in PEOPLE[:5]}


@story("town")
def champion(town: World) -> None:
    """Ada is who brought the product in; nine others go on using it when she has left."""
    led = town.account("led")
    led.champion = "ada"
    led.comes("ada", weekdays(last=LIVE + 7))
    led.comes(PEOPLE[1:], weekdays(), chance=0.7)


def test_the_champion_leaves(told: Telling) -> None:
    [alert] = [alert for alert in told(champion).of("led") if alert["state"] != "retracted"]
    assert (alert["kind"], alert["user"]) == ("champion.silent", "ada@led")
    assert LIVE + 14 < day_of(alert["fired_at"]) < END
    assert alert["sentence"].startswith("Led: ada@led, who came ")
    assert "was last seen on 26 September 2025; 9 other people still use the product" in alert["sentence"]


@story("town")
def growth(town: World) -> None:
    """A small account of two people a week has four a week from one week on."""
    small = town.account("growing")
    for week in range(0, END, 7):
        small.comes(PEOPLE[: 2 if week < LIVE + 14 else 4], [week + 1])


def test_two_users_a_week_become_four_and_nobody_is_told(told: Telling) -> None:
    assert told(growth).of("growing") == []


@story("town")
def beginning(town: World) -> None:
    """A new customer's people begin one after the other."""
    new = town.account("new", created=f"{on(LIVE)}T00:00:00Z")
    for i, person in enumerate(PEOPLE[:6]):
        new.comes(person, weekdays(LIVE + 3 * i), chance=0.7)


def test_a_new_account_is_not_judged_before_its_time_and_then_it_is(told: Telling) -> None:
    was = told(beginning)
    assert was.of("new") == []
    judged = {day: seen["new"]["judged"]["behavior.dropped"] for day, seen in was.accounts_on.items()}
    assert judged[LIVE + 5]["status"] == "no_data"
    assert judged[LIVE + 5]["reason"].startswith("not enough data yet")
    assert judged[max(judged)]["status"] == "judged"


@story()
def adoption(it: World) -> None:
    """Everybody at Acme is in the product every day, and nobody ever shares a report."""
    it.behaviors["report.shared"] = {"events": ["report.shared"], "due_day": 30, "frequency": 2, "breadth": 2}
    for peer in it.peers():
        peer.comes(PEOPLE[:4], weekdays(), chance=0.6, event="report.shared")
    acme = it.account("acme", created=f"{on(LIVE - 21)}T00:00:00Z")
    acme.comes(PEOPLE, weekdays(LIVE - 21), chance=0.9)


def test_a_busy_account_never_takes_up_the_key_behavior(told: Telling) -> None:
    [alert] = told(adoption).alerts
    assert (alert["kind"], alert["account"]["id"], alert["behavior"]) == (
        "behavior.not_adopted",
        "acme",
        "report.shared",
    )
    assert day_of(alert["fired_at"]) == LIVE - 21 + 30 + 7
    assert "10 people used the product" in alert["sentence"]
    assert "report.shared was not taken up" in alert["sentence"]

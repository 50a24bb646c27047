"""Evaluation on a real database: late data, imports, gaps, time zones, restarts and rivals."""

import threading

import numpy as np
import pytest
from sqlalchemy import insert, update

from schemas.accounts import Side, UserPatch
from schemas.alerts import Origin, Transition
from schemas.clock import to_ms
from schemas.database import evaluation as queries
from schemas.database import identities
from schemas.database.facts import put_user
from schemas.database.lateness import mark_late
from schemas.database.rows import Late
from schemas.database.tables import behaviors, checkpoints, evaluations, outbox, progress
from schemas.topics import EVENTS, TOPIC_CODES
from streams.calendar import day_number
from streams.evaluating.loading import load_activity, load_world

from .conftest import FIRST, TEAM, fading, hour

WEEKDAYS = [day for day in range(112) if day % 7 < 5]


def peers(scene, n=5, days=WEEKDAYS, topic=0):
    for i in range(n):
        peer = scene.account(f"peer-{i}", plan="pro")
        scene.did(peer, ((day, [f"p{i}-{j}" for j in range(4)]) for day in days), topic=topic)


def essence(alerts):
    return [(a["fingerprint"], a["onset"], a["fired_at"], a["state"]) for a in alerts]


def test_at_one_go_and_day_by_day_are_the_same(six_users):
    six_users.live(60, 112)
    by_day = [(a["episode"], a["evidence"], six_users.steps(a["episode"])) for a in six_users.alerts]
    six_users.dirty(0)
    six_users.evaluate(112)
    assert [(a["episode"], a["evidence"], six_users.steps(a["episode"])) for a in six_users.alerts] == by_day
    assert len(by_day) == 1


def test_late_data_retracts_what_was_claimed(scene):
    peers(scene)
    acme = scene.account("acme", plan="pro")
    scene.did(acme, ((day, TEAM) for day in WEEKDAYS if day < 84))
    scene.live(70, 105)
    [alert] = scene.alerts
    scene.did(acme, ((day, TEAM) for day in WEEKDAYS if 84 <= day < 105))
    scene.dirty(84)
    scene.evaluate(105)
    [alert] = scene.alerts
    assert alert["state"] == "retracted"
    assert scene.steps(alert["episode"])[-1] == Transition.RETRACTED
    told = sorted(scene.rows(outbox), key=lambda row: row["sequence"])
    assert (told[0]["event_type"], told[-1]["event_type"]) == ("alert.firing", "alert.retracted")
    scene.dirty(84)
    assert scene.evaluate(105) == 0  # it is retracted once


def test_a_bulk_of_late_data_is_judged_when_it_has_come(six_users):
    six_users.evaluate(80)
    with six_users.engine.begin() as connection:
        mark_late(connection, [Late(six_users.number, TOPIC_CODES[EVENTS], to_ms(hour(70)))])
    six_users.evaluate(81)
    [left] = six_users.rows(progress)
    assert (left["dirty_from"], left["revision"]) == (hour(70), 0)
    six_users.dirty(70, late_at=hour(0), late_since=hour(0))
    six_users.evaluate(82)
    [done] = six_users.rows(progress)
    assert (done["dirty_from"], done["late_at"], done["revision"]) == (None, None, 1)


def test_recovery_resolves_and_resolved_is_told(scene):
    peers(scene, days=[day for day in range(168) if day % 7 < 5])
    acme = scene.account("acme", plan="pro")
    scene.did(acme, ((day, TEAM) for day in range(168) if day % 7 < 5 and not 84 <= day < 100))
    scene.live(80, 168)
    [alert] = scene.alerts
    assert alert["state"] == "resolved"
    assert alert["resolved_at"] > alert["fired_at"]
    steps = scene.steps(alert["episode"])
    assert (steps[0], steps[-1]) == (Transition.FIRED, Transition.RESOLVED)
    assert "alert.resolved" in {row["event_type"] for row in scene.rows(outbox)}


def test_a_closed_import_is_history_and_tells_nobody(scene):
    acme = scene.account("acme", plan="pro")
    peers(scene, topic=1)
    scene.did(acme, fading(), topic=1)
    scene.imported(0, closed=False)
    assert scene.evaluate(112) == 0
    assert scene.alerts == []
    scene.imported(0, closed=True)
    scene.evaluate(112)
    [alert] = scene.alerts
    assert alert["origin"] == Origin.HISTORY
    assert scene.rows(outbox) == []


def test_days_nobody_watched_say_nothing(six_users):
    six_users.live(60, 84)
    assert six_users.evaluate(84 + 365) == 0 or six_users.alerts
    before = essence(six_users.alerts)
    assert six_users.evaluate(84 + 730) == 0
    assert essence(six_users.alerts) == before
    [end] = six_users.rows(progress)
    assert end["gaps"]


def test_silence_that_was_watched_is_silence(scene):
    scene.did(scene.account("acme"), ((day, TEAM) for day in WEEKDAYS if day < 84))
    scene.live(70, 100)
    assert [alert["kind"] for alert in scene.alerts] == ["behavior.dropped"]
    assert "no account like it" in scene.alerts[0]["sentence"]


def test_our_own_people_do_not_count(scene):
    peers(scene)
    acme = scene.account("acme", plan="pro")
    for name in ("us-1", "us-2"):
        scene.user(name, side="vendor")
    scene.did(acme, ((day, [*TEAM[: 6 if day < 84 else 1], "us-1", "us-2"]) for day in WEEKDAYS))
    scene.live(75, 105)
    [alert] = scene.alerts
    assert not {"us-1", "us-2"} & {user["user"] for user in alert["evidence"]["users_gone"]}
    assert alert["evidence"]["users_before"] == 6


def test_who_turns_out_to_be_ours_never_counted(scene):
    peers(scene)
    acme = scene.account("acme", plan="pro")
    ours = ["us-1", "us-2", "us-3", "us-4"]
    scene.did(acme, ((day, [*TEAM[:2], *(ours if day < 84 else [])]) for day in WEEKDAYS))
    scene.live(75, 105)
    [alert] = scene.alerts
    with scene.engine.begin() as connection:
        identities.note_seen(connection, scene.number, [(scene.user(name), to_ms(hour(0))) for name in ours])
        for name in ours:
            put_user(connection, scene.number, name, UserPatch(side=Side.VENDOR), hour(105))
    [marked] = scene.rows(progress)
    assert marked["dirty_from"] == hour(0)
    scene.dirty(0, late_at=hour(0), late_since=hour(0))
    scene.evaluate(106)
    [alert] = scene.alerts
    assert alert["state"] == "retracted"


def test_the_whole_products_alert_absorbs_its_behaviors(scene):
    peers(scene)
    with scene.engine.begin() as connection:
        row = {"workspace": scene.number, "number": 7, "behavior": "report", "automatic": False, "state": "active"}
        connection.execute(insert(behaviors).values(**row, definition={"key": True}))
    acme = scene.account("acme", plan="pro")
    for behavior in (0, 7):
        scene.did(acme, fading(), behavior=behavior)
    scene.live(60, 112)
    assert [alert["behavior"] for alert in scene.alerts] == ["*"]


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/Los_Angeles", "Europe/Berlin"])
def test_days_are_the_accounts_own(scene, zone):
    scene.did(scene.account("acme", time_zone=zone), ((day, TEAM) for day in WEEKDAYS if day < 84))
    scene.live(80, 100)
    [alert] = scene.alerts
    assert alert["fired_at"].hour == {"Asia/Tokyo": 14, "America/Los_Angeles": 6, "Europe/Berlin": 21}[zone]


def test_of_rivals_one_writes(six_users):
    six_users.evaluate(100)
    results = []
    threads = [threading.Thread(target=lambda: results.append(six_users.evaluate(112))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(result > 0 for result in results) <= 1
    moments = [row["moment"] for row in six_users.rows(evaluations)]
    assert len(moments) == len(set(moments)) == 2


def test_an_overtaken_evaluator_writes_nothing(six_users):
    with six_users.engine.begin() as connection:
        task = queries.take(connection, six_users.number, hour(112))
    with six_users.engine.begin() as connection:
        connection.execute(update(progress).values(revision=progress.c.revision + 1))
    with six_users.engine.begin() as connection:
        assert not queries.finish(connection, six_users.number, task, hour(112), (0, 0))


def test_what_a_dead_evaluator_had_taken_is_done_by_the_next(six_users):
    six_users.evaluate(112)
    six_users.dirty(90)
    with six_users.engine.begin() as connection:
        queries.take(connection, six_users.number, hour(112))  # and then it dies
    six_users.did(1, [(88, ["gil"])])
    six_users.evaluate(112)
    [now] = six_users.rows(progress)
    assert (now["pending_from"], now["dirty_from"]) == (None, None)
    assert len(six_users.rows(evaluations)) == 2


def test_checkpoints_thin_out(six_users):
    six_users.live(80, 112)
    days = sorted(row["moment"] for row in six_users.rows(checkpoints))
    assert all(day.weekday() == 6 for day in days[:-1])
    assert to_ms(days[-1]) == to_ms(hour(111, 0))


def test_joined_ids_are_one_person_by_its_own_name(scene):
    acme = scene.account("acme")
    scene.user("us", side="vendor")
    scene.did(acme, [(0, ["anon", "ada", "us"]), (1, ["ada"]), (2, ["anon"])])
    scene.did(acme, [(1, ["us-too"])])

    def seen():
        with scene.engine.begin() as connection:
            world, _ = load_world(connection, scene.number)
            first = day_number(FIRST)
            activity = load_activity(connection, world, first, first + 2, np.empty(0, np.int64))
        return activity.users.tolist(), [world.user(number) for number in activity.seen_user.tolist()]

    assert seen()[0] == [2, 2, 1]
    for user, previous in (("ada", "anon"), ("us", "us-too")):
        with scene.engine.begin() as connection:
            identities.merge(connection, scene.number, user, previous, hour(3))
    assert seen() == ([1, 1, 1], ["ada"] * 3)
    with scene.engine.begin() as connection:
        identities.unmerge(connection, scene.number, "anon", "ada", hour(4))
    assert seen()[0] == [2, 1, 1]

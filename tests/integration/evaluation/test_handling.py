"""People's steps and detection's in one life: over days, over late data, and over a worker that dies in between."""

from schemas.database import handling, muting
from schemas.database.tables import outbox, transitions
from schemas.handling import Action, Deed
from schemas.silences import Matcher

from .conftest import TEAM, hour


def act(scene, action, day, **more):
    with scene.engine.begin() as connection:
        [alert] = scene.alerts
        deed = Deed(action=action, actor="ada", **more)
        handling.act(connection, scene.number, alert["episode"], deed, hour(day))


def told(scene):
    rows = sorted(scene.rows(outbox), key=lambda row: row["id"])
    return [row["event_type"] for row in rows]


def history(scene):
    rows = sorted(scene.rows(transitions), key=lambda row: row["sequence"])
    assert [row["sequence"] for row in rows] == list(range(1, len(rows) + 1))
    return [row["transition"] for row in rows]


def test_what_people_said_outlives_every_evaluation(six_users):
    six_users.live(80, 105)
    act(six_users, Action.ACKNOWLEDGE, 105)
    heard = told(six_users)
    six_users.live(106, 108)
    six_users.dirty(100)
    six_users.evaluate(109)
    assert six_users.alerts[0]["state"] == "acknowledged"
    assert history(six_users).count("acknowledged") == 1
    assert told(six_users) == heard, "acknowledged stays quiet"


def test_closed_by_a_person_it_stays_closed_while_nothing_is_new(six_users):
    six_users.live(80, 105)
    act(six_users, Action.RESOLVE, 105, note="they are on a retreat")
    six_users.evaluate(106)
    six_users.dirty(103)
    six_users.evaluate(106)
    assert six_users.alerts[0]["state"] == "resolved"
    assert told(six_users)[-1] == "alert.resolved"


def test_late_data_retracts_what_was_acknowledged_and_says_so(scene):
    weekdays = [day for day in range(112) if day % 7 < 5]
    for i in range(5):
        peer = scene.account(f"peer-{i}", plan="pro")
        scene.did(peer, ((day, [f"p{i}-{j}" for j in range(4)]) for day in weekdays))
    acme = scene.account("acme", plan="pro")
    scene.did(acme, ((day, TEAM) for day in weekdays if day < 84))
    scene.live(80, 95)
    act(scene, Action.ACKNOWLEDGE, 95)
    scene.did(acme, ((day, TEAM) for day in weekdays if 84 <= day < 95))
    scene.dirty(84)
    scene.evaluate(95)
    assert scene.alerts[0]["state"] == "retracted"
    assert told(scene)[0] == "alert.firing"
    assert told(scene)[-2:] == ["alert.acknowledged", "alert.retracted"]


def test_what_a_silence_fits_fires_for_nobody_until_it_ends(six_users):
    fields = {"matchers": [Matcher("kind", "=~", ".*dropped")], "starts_at": hour(70), "ends_at": hour(110),
              "author": "ada", "comment": "a holiday"}  # fmt: skip
    with six_users.engine.begin() as connection:
        made = muting.create_silence(connection, six_users.number, fields, hour(79))
    six_users.live(80, 105)
    [alert] = six_users.alerts
    assert (alert["state"], alert["silenced_by"]) == ("firing", made["id"])
    assert told(six_users) == []
    with six_users.engine.begin() as connection:
        muting.begin_and_end(connection, hour(111))
    assert told(six_users) == ["alert.firing"]
    assert history(six_users)[-1] == "unmuted"

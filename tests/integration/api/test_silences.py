"""Silences: the alert lives on, nobody is notified, it says which silence, and what still burns is told at the end."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from schemas.database import muting, tables
from schemas.lives import Belief

NOW = datetime(2026, 4, 15, 12, 30, tzinfo=UTC)
ENDS = "2026-04-20T00:00:00Z"


def silence(call: Any, seeded: Any, said: str = "csm", value: str | None = None, **more: Any) -> Any:
    matcher = {"name": said, "value": value or f"{seeded.name}-csm"} | more.pop("matcher", {})
    body = {"matchers": [matcher], "ends_at": ENDS, "comment": "they moved", "author": "ada"} | more
    return call(seeded, "POST", "/v1/silences", json=body)


def alert_of(call: Any, seeded: Any) -> Any:
    return call(seeded, "GET", f"/v1/alerts/{seeded.alert}").json()


def sent(seeder: Any) -> list[str]:
    with seeder.engine.connect() as connection:
        rows = connection.execute(select(tables.outbox).where(tables.outbox.c.state == "waiting"))
        return [row.event_type for row in sorted(rows, key=lambda row: row.id) if row.endpoint == "ep_alpha"]


def test_a_silenced_alert_says_by_which_and_why(call: Any, alpha: Any) -> None:
    made = silence(call, alpha).json()
    assert (made["state"], made["author"]) == ("active", "ada via alpha key")
    shown = alert_of(call, alpha)
    assert (shown["state"], shown["silenced_by"]) == ("firing", made["id"])
    step = shown["transitions"][-1]
    assert (step["transition"], step["actor"], step["told"]) == ("muted", "ada via alpha key", False)
    assert step["reason"] == "silenced until 2026-04-20 00:00 UTC: they moved"
    assert [one["id"] for one in call(alpha, "GET", "/v1/alerts?silenced=true").json()["items"]] == [alpha.alert]
    assert call(alpha, "GET", "/v1/alerts?silenced=false").json()["items"] == []


def test_what_is_told_when_it_ends_is_what_receivers_do_not_know(call: Any, alpha: Any, seeder: Any) -> None:
    made = silence(call, alpha).json()
    call(alpha, "DELETE", f"/v1/silences/{made['id']}")
    assert sent(seeder) == [], "they heard that it fires before"
    with seeder.engine.begin() as connection:
        connection.execute(update(tables.alerts).values(belief=Belief.NOTHING))
    made = silence(call, alpha).json()
    ended = call(alpha, "DELETE", f"/v1/silences/{made['id']}").json()
    assert ended["state"] == "over"
    assert sent(seeder) == ["alert.firing"]
    assert call(alpha, "DELETE", f"/v1/silences/{made['id']}").status_code == 409
    assert alert_of(call, alpha)["silenced_by"] is None


def test_a_resolved_reaches_who_heard_of_the_firing_also_in_a_silence(call: Any, alpha: Any, seeder: Any) -> None:
    silence(call, alpha)
    call(alpha, "POST", f"/v1/alerts/{alpha.alert}/resolve", json={})
    assert sent(seeder) == ["alert.resolved"]


def test_time_begins_and_ends_a_silence_once(call: Any, alpha: Any, seeder: Any) -> None:
    made = silence(call, alpha, starts_at="2026-04-16T00:00:00Z").json()
    assert made["state"] == "pending"
    assert alert_of(call, alpha)["silenced_by"] is None
    for days, done, by in ((1, 1, made["id"]), (1, 0, made["id"]), (6, 1, None), (6, 0, None)):
        with seeder.engine.begin() as connection:
            assert muting.begin_and_end(connection, NOW + timedelta(days=days)) == done
        assert alert_of(call, alpha)["silenced_by"] == by
    steps = [one["transition"] for one in alert_of(call, alpha)["transitions"]]
    assert steps == ["fired", "muted", "unmuted"]


def test_only_what_the_matchers_fit_is_silent(call: Any, alpha: Any) -> None:
    silence(call, alpha, value="somebody else")
    silence(call, alpha, "kind", "account.*", matcher={"op": "=~"})
    assert alert_of(call, alpha)["silenced_by"] is None
    found = silence(call, alpha, "segment", "plan:alpha-.*", matcher={"op": "=~"}).json()
    assert alert_of(call, alpha)["silenced_by"] == found["id"]
    assert len(call(alpha, "GET", "/v1/silences?state=active").json()["items"]) == 3


def test_a_wrong_silence_is_refused(call: Any, alpha: Any) -> None:
    for more in (
        {"ends_at": "2020-01-01T00:00:00Z"},
        {"starts_at": ENDS},
        {"comment": ""},
        {"matchers": []},
        {"matchers": [{"name": "csm", "op": "!=", "value": "x"}]},
        {"matchers": [{"name": "csm", "op": "=~", "value": "("}]},
        {"matchers": [{"name": "user", "value": "x"}]},
    ):
        answer = silence(call, alpha, **more)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


def test_what_another_alert_says_already_is_inhibited_until_that_one_is_over(
    call: Any, alpha: Any, seeder: Any
) -> None:
    whole = seeder.alert(alpha.number, "alpha", None, NOW - timedelta(days=1))
    with seeder.engine.begin() as connection:
        source = update(tables.alerts).where(tables.alerts.c.episode == whole)
        connection.execute(source.values(kind="segment.dropped", segment="arr:10k-50k"))
        assert muting.refresh(connection, alpha.number, NOW) == 1
    shown = alert_of(call, alpha)
    assert (shown["inhibited_by"], shown["state"]) == (whole, "firing")
    assert shown["transitions"][-1]["transition"] == "muted"
    call(alpha, "POST", f"/v1/alerts/{whole}/resolve", json={})
    assert alert_of(call, alpha)["inhibited_by"] is None

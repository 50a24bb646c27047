"""Behaviors by API: declared, changed, ended; the file has the last word."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from sqlalchemy import update

from schemas.behaviors import parse
from schemas.clock import to_ms
from schemas.database import tables
from schemas.database.copying import copy_added, steps_data
from schemas.database.declaring import register
from schemas.database.rows import Added, PathSteps
from schemas.database.sessions import Database
from streams.folding.completing import complete

NOON = datetime(2026, 4, 2, 12, tzinfo=UTC)
PATH = "/v1/behaviors/report%20delivered"
DELIVERED: dict[str, Any] = {
    "path": [{"events": ["report.created"]}, {"events": ["report.shared"], "where": {"pages": {"gte": 1}}}],
    "within": "7 days",
}


def states(call: Any, seeded: Any) -> list[tuple[str, str | None, str]]:
    shown = call(seeded, "GET", "/v1/behaviors").json()["items"]
    return [(one["behavior"], one["source"], one["state"]) for one in shown]


def test_a_path_is_declared_shown_changed_and_ended(alpha: Any, call: Any) -> None:
    made = call(alpha, "PUT", PATH, json=DELIVERED)
    assert made.status_code == 200
    assert (made.json()["source"], made.json()["state"]) == ("api", "building")
    assert made.json()["definition"] == DELIVERED | {"name": "report delivered"}
    assert ("report delivered", "api", "building") in states(call, alpha)
    again = call(alpha, "PUT", PATH, json=DELIVERED | {"weight": 2, "name": "report delivered"})
    assert again.json()["definition"]["weight"] == 2
    changed = call(alpha, "PUT", PATH, json=DELIVERED | {"within": "2 days"})
    assert changed.json()["definition"]["within"] == "2 days"
    assert [one[0] for one in states(call, alpha)].count("report delivered") == 1
    assert call(alpha, "DELETE", PATH).status_code == 204
    assert "report delivered" not in [one[0] for one in states(call, alpha)]
    assert call(alpha, "DELETE", PATH).status_code == 404


def test_windows_of_a_path_are_completions_users_and_seconds(alpha: Any, call: Any, seeder: Any) -> None:
    call(alpha, "PUT", PATH, json=DELIVERED)
    minutes = np.array([0, 10, 20, 25, 30, 40])
    users, steps = np.array([1, 2, 1, 1, 2, 1]), np.array([1, 1, 2, 1, 2, 2])
    with seeder.engine.begin() as connection:
        of = tables.behaviors.c.behavior == "report delivered"
        number = connection.scalar(
            update(tables.behaviors).where(of).values(state="active").returning(tables.behaviors.c.number)
        )
        same = [np.full(6, value) for value in (alpha.number, number, 1)]
        times = to_ms(NOON) + 60_000 * minutes
        rows = PathSteps(
            *same, users, times, steps, np.zeros(6, np.int64), np.arange(12, dtype=np.uint64).reshape(-1, 2)
        )
        copy_added(connection, Added(steps=steps_data([rows])))
    assert complete(Database(seeder.engine)) == 2
    asked = {"behavior": "report delivered", "from": "2026-04-01", "span": "hour"}
    shown = call(alpha, "GET", "/v1/accounts/alpha%2Facme/windows", params=asked).json()["windows"]
    assert shown == [{"start": "2026-04-02T12:00:00Z", "events": 3, "users": 2, "value": 60.0 * (20 + 20 + 15)}]


def test_an_automatic_one_is_nobodys_to_end(alpha: Any, call: Any) -> None:
    answer = call(alpha, "DELETE", "/v1/behaviors/alpha.report")
    assert (answer.status_code, "automatic" in answer.json()["detail"]) == (404, True)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "behavior 'report delivered': `events` needs at least one name or glob."),
        (DELIVERED | {"within": "soon"}, "`within` is 'soon'; say how long"),
        (DELIVERED | {"name": "other"}, "say it as in the address"),
        (DELIVERED | {"colour": 1}, "colour"),
        ({"events": ["a\0b"]}, "NUL"),
    ],
)
def test_a_wrong_one_is_told_in_the_files_words(alpha: Any, call: Any, body: dict[str, Any], says: str) -> None:
    answer = call(alpha, "PUT", PATH, json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert says in answer.json()["detail"]
    assert "report delivered" not in [one[0] for one in states(call, alpha)]


def test_the_file_has_the_last_word(alpha: Any, call: Any, seeder: Any) -> None:
    database = Database(seeder.engine)
    register(database, parse("behaviors: [{name: from file, events: [x]}]"))
    assert call(alpha, "PUT", PATH, json=DELIVERED).status_code == 200
    refused = call(alpha, "PUT", "/v1/behaviors/from file", json={"events": ["y"]})
    assert (refused.status_code, "behaviors.yaml" in refused.json()["detail"]) == (409, True)
    assert call(alpha, "DELETE", "/v1/behaviors/from file").status_code == 409
    register(database, parse("behaviors: [{name: alpha.shared, events: [other]}]"))
    assert states(call, alpha) == [
        ("*", None, "active"),
        ("alpha.report", None, "active"),
        ("alpha.shared", "file", "building"),
        ("report delivered", "api", "building"),
    ]
    assert call(alpha, "PUT", "/v1/behaviors/alpha.shared", json={"events": ["y"]}).status_code == 409

"""Windows by hour, local day and rolling span: sums and unions over deltas, right over both changes of the clocks."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schemas.accounts import UserPatch
from schemas.database import facts

PATH = "/v1/accounts/alpha%2Facme/windows"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def ask(alpha: Any, call: Callable[..., Any]) -> Callable[..., list[dict[str, Any]]]:
    def ask(since: str, until: str, **more: Any) -> list[dict[str, Any]]:
        answer = call(alpha, "GET", PATH, params={"from": since, "to": until, **more})
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["windows"]
        return found

    return ask


def test_deltas_add_up_and_users_unite(alpha: Any, seeder: Any, ask: Any) -> None:
    seeder.window(alpha, at("2026-03-10T08:00"), 3, [1, 2])
    seeder.window(alpha, at("2026-03-10T08:00"), 4, [2, 3])
    seeder.window(alpha, at("2026-03-10T09:00"), 1, [3])
    seeder.window(alpha, at("2026-03-10T08:00"), 9, [5], behavior=1)
    hour = ask("2026-03-10T08:00Z", "2026-03-10T09:00Z", span="hour")
    assert hour == [{"start": "2026-03-10T08:00:00Z", "events": 7, "users": 3, "value": 7.0}]
    day = ask("2026-03-10", "2026-03-11")
    assert day == [{"start": "2026-03-09T23:00:00Z", "events": 8, "users": 3, "value": 8.0}]
    named = ask("2026-03-10", "2026-03-11", behavior="alpha.report")
    assert [row["events"] for row in named] == [9]


@pytest.mark.parametrize(
    ("day", "after", "first", "last"),
    [
        ("2026-03-29", "2026-03-30", "2026-03-28T23:00", "2026-03-29T21:00"),  # 23 hours in Berlin
        ("2025-10-26", "2025-10-27", "2025-10-25T22:00", "2025-10-26T22:00"),  # 25 hours
    ],
)
def test_local_days_are_right_when_clocks_change(
    day: str, after: str, first: str, last: str, alpha: Any, seeder: Any, ask: Any
) -> None:
    hour = timedelta(hours=1)
    seeder.window(alpha, at(first) - hour, 1, [1])
    seeder.window(alpha, at(first), 10, [1])
    seeder.window(alpha, at(last), 100, [2])
    seeder.window(alpha, at(last) + hour, 1000, [3])
    assert [(row["start"], row["events"], row["users"]) for row in ask(day, after)] == [(f"{first}:00Z", 110, 2)]


def test_a_rolling_span_counts_people_once(alpha: Any, seeder: Any, ask: Any) -> None:
    for day, people in ((1, [1]), (2, [1, 2]), (3, [3]), (9, [4])):
        seeder.window(alpha, at(f"2026-03-{day:02}T10:00"), len(people), people)
    found = ask("2026-03-03", "2026-03-11", span="rolling", days=3, fill=True)
    assert [(row["users"], row["events"]) for row in found] == [
        (3, 4), (3, 3), (1, 1), (0, 0), (0, 0), (0, 0), (1, 1), (1, 1)
    ]  # fmt: skip
    assert found[0]["start"] == "2026-03-02T23:00:00Z"


def test_only_the_customers_own_people_count(alpha: Any, seeder: Any, ask: Any) -> None:
    seeder.window(alpha, at("2026-03-10T08:00"), 5, [1, 2, 3])
    with seeder.engine.begin() as connection:
        facts.put_user(connection, alpha.number, "alpha-bob", UserPatch(side="vendor"), at("2026-01-01"))
    assert [(row["events"], row["users"]) for row in ask("2026-03-10", "2026-03-11")] == [(5, 2)]


def test_empty_days_show_where_asked(alpha: Any, ask: Any) -> None:
    assert ask("2026-03-10", "2026-03-13") == []
    assert [row["users"] for row in ask("2026-03-10", "2026-03-13", fill=True)] == [0, 0, 0]


def test_the_last_thirty_days_unless_said(alpha: Any, call: Any) -> None:
    shown = call(alpha, "GET", PATH, params={"fill": True}).json()
    assert len(shown["windows"]) == 30
    assert shown["windows"][-1]["start"] == "2026-04-14T22:00:00Z"
    assert (shown["time_zone"], shown["behavior"], shown["span"]) == ("Europe/Berlin", "*", "day")


def test_what_is_not_understood_is_a_problem(alpha: Any, call: Any) -> None:
    wrong: list[tuple[dict[str, Any], int]] = [
        ({"from": "yesterday"}, 422),
        ({"from": "2026-03-10", "to": "2026-03-10"}, 422),
        ({"from": "0001-01-01"}, 422),
        ({"from": "1980-01-01", "span": "hour"}, 422),
        ({"days": 0}, 422),
        ({"span": "minute"}, 422),
        ({"behavior": "nobody.did.this"}, 404),
    ]
    for more, status in wrong:
        answer = call(alpha, "GET", PATH, params=more)
        assert answer.status_code == status, more
        assert answer.headers["content-type"] == "application/problem+json"

"""Ids are joined to persons and taken back; windows follow when they are read."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from schemas.clock import to_ms
from schemas.database import identities, tables
from schemas.database.rows import Alias
from tests.integration.api.conftest import NOW

DAY = datetime(2026, 3, 10, 8, tzinfo=UTC)
ADA, BOB = "/v1/users/alpha-ada/identities", "alpha-bob"


@pytest.fixture
def ask(alpha: Any, call: Callable[..., Any]) -> Callable[..., Any]:
    def ask(method: str, path: str, status: int = 200, **body: Any) -> Any:
        answer = call(alpha, method, path, json=body or None)
        assert answer.status_code == status, answer.text
        return answer.json()

    return ask


@pytest.fixture
def people(ask: Callable[..., Any]) -> Callable[[], list[int]]:
    """How many distinct people there were in both hours and over the day."""

    def count() -> list[int]:
        path = "/v1/accounts/alpha%2Facme/windows?from=2026-03-10T08:00Z&to=2026-03-10T10:00Z&span="
        return [row["users"] for span in ("hour", "day") for row in ask("GET", path + span)["windows"]]

    return count


def test_windows_follow_who_is_one_person(alpha: Any, seeder: Any, ask: Any, people: Any) -> None:
    seeder.window(alpha, DAY, 3, [1, 2])
    seeder.window(alpha, DAY.replace(hour=9), 1, [2])
    assert people() == [2, 1, 2]
    joined = ask("POST", ADA, 201, previous=BOB)
    assert (joined["person"], [one["user"] for one in joined["ids"]]) == ("alpha-ada", ["alpha-ada", BOB])
    assert people() == [1, 1, 1]
    assert ask("GET", f"/v1/users/{BOB}/identities")["person"] == "alpha-ada"
    apart = ask("DELETE", f"{ADA}/{BOB}")
    assert [one["user"] for one in apart["ids"]] == ["alpha-ada"]
    assert [(one["previous"], one["joined"]) for one in apart["history"]] == [(BOB, False), (BOB, True)]
    assert people() == [2, 1, 2]


def test_somebody_who_is_one_person_with_a_stranger_is_no_customer(
    alpha: Any, seeder: Any, ask: Any, people: Any
) -> None:
    seeder.window(alpha, DAY, 3, [1, 2, 3])
    ask("PUT", f"/v1/users/{BOB}", side="vendor")
    assert people() == [2, 2]
    ask("POST", ADA, 201, previous=BOB)
    assert people() == [1, 1]


def test_what_was_taken_back_stays_so_when_the_same_is_said_again(alpha: Any, seeder: Any, ask: Any) -> None:
    earlier = to_ms(NOW) - 86_400_000
    aliases = [Alias(alpha.number, 2, 1, earlier + i) for i in range(3)]
    say(seeder, aliases[1:2])
    assert ask("GET", ADA)["person"] == "alpha-ada"
    ask("DELETE", f"{ADA}/{BOB}")
    for again in aliases:
        say(seeder, [again])
        assert len(ask("GET", ADA)["ids"]) == 1
    ask("POST", ADA, 201, previous=BOB)
    assert len(ask("GET", ADA)["ids"]) == 2


def test_days_are_judged_again_only_where_people_change(alpha: Any, seeder: Any, ask: Any) -> None:
    first = to_ms(DAY)
    ask("POST", ADA, 201, previous=BOB)
    assert dirty(seeder, alpha) is None  # neither was ever seen
    with seeder.engine.begin() as connection:
        identities.note_seen(connection, alpha.number, [(1, first), (2, first + 3_600_000), (3, first)])
        identities.note_seen(connection, alpha.number, [(1, first + 1), (2, first + 7_200_000)])
    ask("POST", ADA, 201, previous=BOB)  # says nothing new
    assert dirty(seeder, alpha) is None
    ask("DELETE", f"{ADA}/{BOB}")
    assert dirty(seeder, alpha) == first + 3_600_000


def test_what_cannot_be_joined_is_told(ask: Any) -> None:
    assert "no user 'nobody'" in ask("POST", ADA, 404, previous="nobody")["detail"]
    assert "no user" in ask("GET", "/v1/users/nobody/identities", 404)["detail"]
    assert "itself" in ask("POST", ADA, 409, previous="alpha-ada")["detail"]
    assert "not joined" in ask("DELETE", f"{ADA}/{BOB}", 404)["detail"]


def say(seeder: Any, aliases: list[Alias]) -> None:
    with seeder.engine.begin() as connection:
        identities.put_aliases(connection, aliases)


def dirty(seeder: Any, seeded: Any) -> int | None:
    with seeder.engine.begin() as connection:
        found = connection.scalar(
            select(tables.progress.c.dirty_from).where(tables.progress.c.workspace == seeded.number)
        )
    return None if found is None else to_ms(found)

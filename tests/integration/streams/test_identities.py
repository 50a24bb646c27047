"""Who is one person, from an `alias` on the topic to the people in windows and the days that are judged again."""

from collections.abc import Callable
from typing import Any

from schemas.clock import DAY_MS, to_datetime, to_ms
from schemas.database import identities, windows
from schemas.events import Kind, UsageEvent

HOUR = 3_600_000
NOON = 1_760_000_000_000 // DAY_MS * DAY_MS + 12 * HOUR


def did(user: str, time: int, account: str | None = "acme") -> UsageEvent:
    return UsageEvent(id=f"{user}-{time}", time=time, name="open", user=user, account=account)


def alias(previous: str, user: str, time: int, name: str = "") -> UsageEvent:
    said = {"previous": previous}
    return UsageEvent(id=f"alias-{previous}{name}", time=time, kind=Kind.ALIAS, user=user, properties=said)


def people(pipeline: Any, since: int = NOON - 12 * HOUR) -> int:
    """Distinct people of acme over a day, as the API counts them."""
    with pipeline.engine.connect() as connection:
        account = pipeline.one("SELECT number FROM accounts WHERE account = 'acme'")
        [day] = windows.spans(connection, pipeline.workspace, account, 0, [since, since + DAY_MS])
    return len(day.users)


def test_an_anonymous_id_becomes_a_user_and_is_taken_back(pipeline: Any, eventually: Callable[..., Any]) -> None:
    pipeline.start()
    pipeline.send([did("anon", NOON), did("anon", NOON + HOUR), did("ada", NOON + HOUR), did("bob", NOON)])
    eventually(lambda: pipeline.counted() == 4, 60)
    assert people(pipeline) == 3
    pipeline.send([alias("anon", "ada", NOON + HOUR)])
    eventually(lambda: people(pipeline) == 2)
    assert to_ms(pipeline.one("SELECT dirty_from FROM progress")) == NOON + HOUR
    with pipeline.engine.begin() as connection:
        identities.unmerge(connection, pipeline.workspace, "ada", "anon", to_datetime(NOON + 2 * HOUR))
    assert people(pipeline) == 3
    pipeline.send([alias("anon", "ada", NOON + HOUR, "again"), alias("anon", "ada", NOON, "older"), did("cyd", NOON)])
    eventually(lambda: people(pipeline) == 4)
    pipeline.send([alias("anon", "ada", NOON + 3 * HOUR, "later")])
    eventually(lambda: people(pipeline) == 3)


def test_sign_ups_cost_no_evaluation(pipeline: Any, eventually: Callable[..., Any]) -> None:
    pipeline.start()
    pipeline.send([did(f"u{i}", NOON) for i in range(50)])
    eventually(lambda: pipeline.counted() == 50, 60)
    pipeline.send([alias(f"anon-{i}", f"u{i}", NOON + 1) for i in range(50)])
    eventually(lambda: pipeline.one("SELECT count(*) FROM identities") == 50)
    assert pipeline.one("SELECT dirty_from FROM progress") is None


def test_events_of_an_anonymous_id_find_the_persons_account(pipeline: Any, eventually: Callable[..., Any]) -> None:
    pipeline.start()
    joins = UsageEvent(id="g", time=NOON, kind=Kind.GROUP, account="acme", user="ada")
    pipeline.send([joins, *(did("anon", NOON + i, None) for i in range(5)), did("ada", NOON, None)])
    eventually(lambda: pipeline.counted() == 1, 60)
    assert pipeline.one("SELECT count(*) FROM unassigned") == 5
    pipeline.send([alias("anon", "phone", NOON), alias("phone", "ada", NOON)])
    eventually(lambda: pipeline.counted() == 6)
    pipeline.send([did("anon", NOON + 9, None), did("phone", NOON + 9, None)])
    eventually(lambda: pipeline.counted() == 8)
    assert (people(pipeline), pipeline.one("SELECT count(*) FROM unassigned")) == (1, 0)


def test_yesterday_is_judged_again_when_its_people_change(pipeline: Any, eventually: Callable[..., Any]) -> None:
    pipeline.start()
    days = [NOON + i * DAY_MS for i in range(3)]
    pipeline.send([did(user, day) for day in days for user in ("anon", "ada")])
    pipeline.beat(days[2])
    eventually(lambda: pipeline.one("SELECT max(revision) FROM evaluations") == 0, 60)
    pipeline.send([alias("anon", "ada", days[2])])
    eventually(lambda: pipeline.one("SELECT max(revision) FROM evaluations") == 1, 60)
    assert [people(pipeline, day - 12 * HOUR) for day in days] == [1, 1, 1]

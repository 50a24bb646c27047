"""Ordered paths on a real Kafka and database: completed once, whatever order their steps come in."""

import random
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from schemas.clock import to_datetime
from schemas.events import Kind, UsageEvent
from schemas.topics import HISTORY
from schemas.windows import count_users
from streams.paths import Step, by_hour, completions

HOUR = 3_600_000
NOON = 1_760_000_000_000 // HOUR * HOUR
NAMES = ("made", "edited", "shared")
DELIVERED = """
behaviors:
  - name: delivered
    path:
      - events: [made]
      - events: ["edit*"]
        where: {pages: {gte: 1}}
      - events: [shared]
    within: 2 hours
"""
Shares = dict[tuple[int, str], tuple[int, float, int]]


@pytest.fixture
def behaviors(tmp_path: Path, pipeline: Any) -> Path:
    file = tmp_path / "behaviors.yaml"
    pipeline.settings["EBBTIDE_BEHAVIORS"] = str(file)
    return file


def event(name: str, minutes: float, user: str | None = "ada", account: str | None = "acme", **more: Any) -> UsageEvent:
    of, time = f"{account}-{user}-{name}-{minutes}", NOON + round(minutes * 60_000)
    return UsageEvent(id=of, time=time, name=name, account=account, user=user, properties={"pages": 1}, **more)


def shown(pipeline: Any) -> Shares:
    """By hour and account: completions, seconds, distinct users."""
    rows = pipeline.rows(
        "SELECT w.hour, a.account, sum(w.events), sum(w.value), array_agg(w.users) FROM windows w "
        "JOIN behaviors b ON b.number = w.behavior AND b.state = 'active' AND b.behavior = 'delivered' "
        "JOIN accounts a ON a.number = w.account GROUP BY 1, 2"
    )
    return {
        (round((hour.timestamp() * 1000 - NOON) / HOUR), account): (events, value, count_users(map(bytes, users)))
        for hour, account, events, value, users in rows
    }


def active(pipeline: Any) -> bool:
    return bool(pipeline.one("SELECT count(*) FROM behaviors WHERE behavior = 'delivered' AND state = 'active'"))


def load(n: int) -> list[UsageEvent]:
    """Steps of many users over two days."""
    chosen = random.Random(5)  # noqa: S311
    return [
        event(chosen.choice(NAMES), chosen.randrange(48 * 60) + i / n, f"u{i % 23}", f"a{i % 23 % 4}") for i in range(n)
    ]


def expected(events: list[UsageEvent]) -> Shares:
    walks: dict[tuple[str, str], list[Step]] = {}
    for one in events:
        step = Step(one.time, 1 << NAMES.index(one.name), one.id.encode())
        walks.setdefault((str(one.account), str(one.user)), []).append(step)
    events_of, seconds, users = Counter[Any](), Counter[Any](), Counter[Any]()
    for (account, _), steps in walks.items():
        for hour, share in by_hour(completions(steps, 3, 2 * HOUR)).items():
            key = (hour - NOON) // HOUR, account
            events_of[key] += share.completions
            seconds[key] += share.seconds  # type: ignore[assignment]
            users[key] += 1
    return {key: (events_of[key], pytest.approx(seconds[key]), users[key]) for key in events_of}


def test_steps_of_several_batches_in_any_order_complete_a_path(
    pipeline: Any, behaviors: Path, eventually: Callable[..., Any]
) -> None:
    behaviors.write_text(DELIVERED)
    pipeline.start()
    eventually(lambda: active(pipeline), 60)
    pipeline.send([event("shared", 90), event("made", 10), event("made", 10)])
    pipeline.send([event("made", 0, "bob"), event("edited", 5, "bob"), event("shared", 300, "bob")])  # too slow
    pipeline.send([event("made", 0, None), event("edited", 1, None), event("shared", 2, None)])  # nobody's
    elsewhere = event("edited", 1, "cyn", account="else")
    pipeline.send([event("made", 0, "cyn"), elsewhere, event("shared", 2, "cyn")])
    eventually(lambda: pipeline.counted() == 11, 60)
    eventually(lambda: pipeline.one("SELECT count(*) FROM path_steps WHERE fresh") == 0)
    assert shown(pipeline) == {}
    pipeline.send([event("edited", 20), event("shared", 90)])
    eventually(lambda: shown(pipeline) == {(1, "acme"): (1, 4800, 1)}, 30)
    pipeline.send([event("made", 2, "dan"), event("edited", 15, "dan"), event("shared", 62, "dan")])
    eventually(lambda: shown(pipeline) == {(1, "acme"): (2, 4800 + 3600, 2)}, 30)
    assert pipeline.one("SELECT count(*) FROM path_steps") == 12


def test_a_late_step_moves_a_completion_and_its_hours_are_judged_again(
    pipeline: Any, behaviors: Path, eventually: Callable[..., Any]
) -> None:
    behaviors.write_text(DELIVERED)
    pipeline.start()
    eventually(lambda: active(pipeline), 60)
    pipeline.send([event("made", 0), event("edited", 10), event("shared", 70)])
    eventually(lambda: shown(pipeline) == {(1, "acme"): (1, 4200, 1)}, 60)
    with pipeline.engine.begin() as connection:
        reached = {"reached": to_datetime(NOON + 9 * HOUR)}
        connection.execute(text("UPDATE progress SET evaluated_to = :reached, dirty_from = NULL"), reached)
    pipeline.send([event("shared", 50)])  # it was shared before, in the hour before
    eventually(lambda: shown(pipeline) == {(0, "acme"): (1, 3000, 1)}, 30)
    assert pipeline.one("SELECT dirty_from FROM progress") == to_datetime(NOON)
    with pipeline.engine.begin() as connection:
        connection.execute(text("UPDATE progress SET dirty_from = NULL"))
    pipeline.send([event("made", 600), event("edited", 610), event("shared", 620)])
    eventually(lambda: len(shown(pipeline)) == 2, 30)
    assert pipeline.one("SELECT dirty_from FROM progress") is None, "what is not evaluated yet is not late"


def test_nothing_is_doubled_by_kills_and_compaction(
    pipeline: Any, behaviors: Path, eventually: Callable[..., Any]
) -> None:
    pipeline.settings |= {"EBBTIDE_FOLD_BYTES": "65536", "EBBTIDE_FOLD_LINGER": "0", "EBBTIDE_COMPACT_EVERY": "0.5"}
    behaviors.write_text(DELIVERED)
    worker = pipeline.start()
    eventually(lambda: active(pipeline), 60)
    events = load(3100)
    random.Random(6).shuffle(events)  # noqa: S311
    events, late = events[:3000], events[3000:]
    for first in range(0, 3000, 1000):
        pipeline.send(events[first : first + 1000] + events[: first + 100], per=20)
        eventually(lambda n=first: pipeline.counted() > n, 60)
        pipeline.stop(worker, signal.SIGKILL)
        worker = pipeline.start()
    eventually(lambda: pipeline.counted() == 3000, 60)
    eventually(lambda: pipeline.one("SELECT count(*) FROM path_steps WHERE fresh") == 0, 30)
    assert pipeline.one("SELECT count(*) FROM path_steps") == 3000
    assert shown(pipeline) == expected(events)
    assert len(expected(events)) > 50
    pipeline.beat(NOON + 60 * HOUR)
    pipeline.send(late[:50])
    eventually(lambda: pipeline.metric(worker, "ebbtide_compacted_rows_total") > 0, 30)
    pipeline.send(late[50:])
    eventually(lambda: shown(pipeline) == expected(events + late), 60)


def test_a_path_that_is_declared_later_gets_its_past(
    pipeline: Any, behaviors: Path, eventually: Callable[..., Any]
) -> None:
    behaviors.write_text(DELIVERED.replace("2 hours", "1 minute"))
    pipeline.start()
    eventually(lambda: active(pipeline), 60)
    events = load(1200)
    waiting = [event(name, 3000 + k, "eve", None) for k, name in enumerate(NAMES)]
    pipeline.send(events[:600] + events[:50] + waiting)
    pipeline.send(events[600:900], topic=HISTORY)
    eventually(lambda: pipeline.counted() == 900, 60)
    behaviors.write_text(DELIVERED)
    pipeline.send(events[900:])
    eventually(lambda: pipeline.counted() == 1200 and shown(pipeline) == expected(events), 60)
    pipeline.send([UsageEvent(id="g", time=NOON, kind=Kind.GROUP, account="a1", user="eve")])
    resolved = [event(name, 3000 + k, "eve", "a1") for k, name in enumerate(NAMES)]
    eventually(lambda: shown(pipeline) == expected(events + resolved), 60)
    old = pipeline.one("SELECT count(*) FROM behaviors WHERE behavior = 'delivered' AND state = 'retired'")
    assert old == 1

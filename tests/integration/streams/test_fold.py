"""The fold on a real Kafka and database: counted once, whatever happens to the worker."""

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from kafka import KafkaProducer

from schemas.batches import encode
from schemas.clock import to_ms
from schemas.events import Kind, UsageEvent
from schemas.rejections import Rejection
from schemas.topics import HISTORY, REJECTED
from schemas.windows import count_users

HOUR = 3_600_000
NOON = 1_760_000_000_000 // HOUR * HOUR


def events(n: int, first: int = 0, **more: Any) -> list[UsageEvent]:
    return [
        UsageEvent(id=f"e{i}", time=NOON + i % 1000, name=f"f{i % 3}", account=f"a{i % 7}", user=f"u{i % 20}", **more)
        for i in range(first, first + n)
    ]


def by_name(pipeline: Any) -> list[tuple[str, int]]:
    return pipeline.rows(
        "SELECT b.behavior, sum(w.events) FROM windows w JOIN behaviors b ON b.number = w.behavior "
        "WHERE b.state = 'active' GROUP BY 1 ORDER BY 1"
    )


def test_events_become_windows(pipeline: Any, eventually: Callable[..., Any]) -> None:
    worker = pipeline.start()
    pipeline.send(events(1000) + events(100))
    eventually(lambda: pipeline.counted() >= 1000, 60)
    eventually(lambda: pipeline.ready(worker))
    assert pipeline.counted() == 1000
    assert by_name(pipeline) == [("*", 1000), ("f0", 334), ("f1", 333), ("f2", 333)]
    users = pipeline.rows("SELECT users FROM windows WHERE behavior = 0")
    assert count_users(bytes(row[0]) for row in users) == 20
    assert pipeline.metric(worker, "ebbtide_fold_duplicates_total") == 100


def test_compressed_records_are_read(pipeline: Any, eventually: Callable[..., Any]) -> None:
    pipeline.start()
    plain = pipeline.producer
    for compression in ("gzip", "zstd"):
        pipeline.producer = KafkaProducer(bootstrap_servers=pipeline.kafka, acks="all", compression_type=compression)
        pipeline.send(events(100, first=1000 if compression == "zstd" else 0))
        pipeline.producer.close()
    pipeline.producer = plain
    eventually(lambda: pipeline.counted() == 200, 60)


def test_duplicates_are_dropped_after_a_restart_too(pipeline: Any, eventually: Callable[..., Any]) -> None:
    first = pipeline.start()
    pipeline.send(events(300))
    eventually(lambda: pipeline.counted() == 300, 60)
    assert pipeline.stop(first) == 0
    second = pipeline.start()
    pipeline.send(events(300) + events(50, first=300))
    eventually(lambda: pipeline.counted() == 350, 60)
    eventually(lambda: pipeline.ready(second))
    assert pipeline.metric(second, "ebbtide_fold_duplicates_total") == 300


def test_a_poison_record_is_quarantined(pipeline: Any, eventually: Callable[..., Any]) -> None:
    pipeline.start()
    pipeline.raw(b"\x09nonsense")
    pipeline.raw(encode(4711, NOON, "t", events(3)))
    pipeline.send(events(100))
    eventually(lambda: pipeline.counted() == 100, 60)
    found = pipeline.rows("SELECT stage, record_offset, message, raw FROM rejected ORDER BY record_offset")
    assert [row[:3] for row in found] == [
        ("fold", 0, "unknown version byte 9"),
        ("fold", 1, "there is no workspace 4711"),
    ]
    assert bytes(found[0][3]) == b"\x09nonsense"


def test_unassigned_events_are_folded_when_their_user_joins(pipeline: Any, eventually: Callable[..., Any]) -> None:
    pipeline.start()
    lonely = [UsageEvent(id=f"l{i}", time=NOON + i, name="open", user=f"u{i % 3}") for i in range(60)]
    pipeline.send([*lonely, UsageEvent(id="nobody", time=NOON, name="open")])
    eventually(lambda: pipeline.one("SELECT count(*) FROM unassigned") == 61, 60)
    assert pipeline.counted() == 0
    joins = [UsageEvent(id=f"g{i}", time=NOON, kind=Kind.GROUP, account="acme", user=f"u{i}") for i in (0, 1)]
    pipeline.send([*joins, *lonely[:2]])
    eventually(lambda: pipeline.counted() == 40, 30)
    assert pipeline.one("SELECT count(*) FROM unassigned") == 21
    later = UsageEvent(id="late", time=NOON + HOUR, name="open", user="u0")
    pipeline.send([later])
    eventually(lambda: pipeline.counted() == 41, 30)
    assert pipeline.rows("SELECT DISTINCT a.account FROM windows w JOIN accounts a ON a.number = w.account") == [
        ("acme",)
    ]


def test_facts_and_signals(pipeline: Any, eventually: Callable[..., Any]) -> None:
    pipeline.start()
    traits = {"name": "Acme", "arr": 1200, "plan": "pro"}
    call = {"participants": ["ada"], "topic": "renewal"}
    pipeline.send(
        [
            UsageEvent(id="g", time=NOON, kind=Kind.GROUP, account="acme", user="ada", properties=traits),
            UsageEvent(id="h", time=NOON + 5, kind=Kind.GROUP, account="acme", properties=traits),
            UsageEvent(id="i", time=NOON, kind=Kind.IDENTIFY, user="ada", properties={"role": "champion", "x": 1}),
            UsageEvent(id="a", time=NOON, kind=Kind.ALIAS, user="ada", properties={"previous": "anon-1"}),
            UsageEvent(id="s", time=NOON, name="signal.call", account="acme", user="ada", properties=call),
            UsageEvent(id="o", time=NOON, kind=Kind.OUTBOUND, name="signal.email", account="acme"),
            UsageEvent(id="b", time=NOON, kind=Kind.GROUP, user="ada"),
        ]
    )
    eventually(lambda: pipeline.one("SELECT count(*) FROM signals") == 2, 60)
    assert pipeline.one("SELECT traits FROM accounts WHERE account = 'acme'") == traits
    assert pipeline.one("SELECT count(*) FROM account_facts") <= 2
    eventually(lambda: pipeline.one("SELECT role FROM users WHERE \"user\" = 'ada'") == "champion")
    assert pipeline.rows(
        'SELECT was."user", now."user" FROM users AS was JOIN users AS now ON now.number = was.person '
        "WHERE was.number <> was.person"
    ) == [("anon-1", "ada")]
    eventually(lambda: pipeline.counted() == 1)
    assert pipeline.rows("SELECT signal, direction FROM signals ORDER BY 1") == [
        ("call", "inbound"),
        ("email", "outbound"),
    ]
    eventually(lambda: pipeline.one("SELECT code FROM rejected") == "fact.refused")


def test_late_events_make_their_hour_dirty(pipeline: Any, eventually: Callable[..., Any]) -> None:
    pipeline.start()
    pipeline.beat(NOON + 3 * HOUR)
    eventually(lambda: pipeline.one("SELECT count(heartbeat_at) FROM offsets WHERE topic = 0") == 4, 60)
    pipeline.send([UsageEvent(id="now", time=NOON + 3 * HOUR, name="open", account="a")])
    eventually(lambda: pipeline.counted() == 1)
    assert pipeline.one("SELECT dirty_from FROM progress") is None
    pipeline.send([UsageEvent(id="late", time=NOON + 5, name="open", account="a")])
    eventually(lambda: pipeline.counted() == 2)
    assert to_ms(pipeline.one("SELECT dirty_from FROM progress")) == NOON


def test_an_import_is_closed_when_every_partition_is(pipeline: Any, eventually: Callable[..., Any]) -> None:
    pipeline.start()
    pipeline.send(events(200), topic=HISTORY)
    eventually(lambda: pipeline.counted() == 200, 60)
    assert pipeline.rows("SELECT history_closed, dirty_from FROM progress") == [(False, None)]
    assert to_ms(pipeline.one("SELECT history_dirty_from FROM progress")) == NOON
    pipeline.close_import(HISTORY, NOON, "import-1")
    eventually(lambda: pipeline.one("SELECT history_closed FROM progress"))


def test_plain_postgresql_serves_as_well(
    pipelines: Callable[[str], Any], plain_database_url: str, eventually: Callable[..., Any]
) -> None:
    pipeline = pipelines(plain_database_url)
    worker = pipeline.start()
    pipeline.send(events(500) + events(500))
    eventually(lambda: pipeline.counted() == 500, 60)
    eventually(lambda: pipeline.metric(worker, "ebbtide_fold_duplicates_total") == 500)


def test_refused_events_are_kept_once(pipeline: Any, eventually: Callable[..., Any]) -> None:
    refused = Rejection(
        workspace=pipeline.workspace, index=3, code="time.missing", message="no", raw=b"{}", received=NOON
    )
    pipeline.raw(msgspec.msgpack.encode(refused), topic=REJECTED)
    worker = pipeline.start()
    eventually(lambda: pipeline.one("SELECT count(*) FROM rejected WHERE stage = 'ingest'") == 1, 60)
    pipeline.stop(worker, signal.SIGKILL)
    pipeline.start()
    pipeline.raw(b"?", topic=REJECTED)
    eventually(lambda: pipeline.one("SELECT count(*) FROM rejected") == 2, 60)


def test_declared_behaviors_get_their_past(pipeline: Any, eventually: Callable[..., Any], tmp_path: Path) -> None:
    file = tmp_path / "behaviors.yaml"
    pipeline.start(EBBTIDE_BEHAVIORS=str(file))
    pipeline.send(events(300) + events(60))
    pipeline.send([UsageEvent(id="wait", time=NOON, name="f1", user="nobody-yet")])
    eventually(lambda: pipeline.counted() == 300, 60)
    file.write_text("behaviors: [{name: f1, events: [f1]}, {name: f0 or f2, events: [f0, f2]}]")
    pipeline.send(events(300, first=300))
    expected = [("*", 600), ("f0", 200), ("f0 or f2", 400), ("f1", 200), ("f2", 200)]
    eventually(lambda: by_name(pipeline) == expected, 60)
    assert pipeline.one("SELECT automatic FROM behaviors WHERE behavior = 'f1' AND state = 'active'") is False
    file.write_text("behaviors: [{name: f1, events: [f1], weight: 2}, {name: f0 or f2, events: [f2]}]")
    pipeline.send(
        [*events(30, first=600), UsageEvent(id="g", time=NOON, kind=Kind.GROUP, account="x", user="nobody-yet")]
    )
    eventually(lambda: by_name(pipeline) == [("*", 631), ("f0", 210), ("f0 or f2", 210), ("f1", 211), ("f2", 210)], 60)
    assert (
        pipeline.one("SELECT definition ->> 'weight' FROM behaviors WHERE behavior = 'f1' AND state = 'active'")
        == "2.0"
    )


def test_compaction_changes_no_answer(pipeline: Any, eventually: Callable[..., Any]) -> None:
    pipeline.settings = {"EBBTIDE_COMPACT_EVERY": "0.5", "EBBTIDE_FOLD_LINGER": "0"}
    pipeline.start()
    for first in range(0, 200, 50):
        pipeline.send(events(50, first=first))
        eventually(lambda n=first + 50: pipeline.counted() == n, 60)
    before = pipeline.one("SELECT count(*) FROM windows"), pipeline.one("SELECT sum(id_sum) FROM windows")
    pipeline.beat(NOON + 4 * HOUR)
    eventually(lambda: pipeline.one("SELECT count(*) FROM windows") == 7 + 7 * 3, 30)
    assert before[0] > 28
    assert pipeline.counted() == 200
    assert (int(pipeline.one("SELECT sum(id_sum) FROM windows")) - int(before[1])) % 2**64 == 0
    users = pipeline.rows("SELECT users FROM windows WHERE behavior = 0")
    assert count_users(bytes(row[0]) for row in users) == 20

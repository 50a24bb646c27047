"""The pure steps between records and rows."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from schemas import behaviors
from schemas.batches import ROWS, decode, encode, encode_closing, encode_heartbeat
from schemas.behaviors import parse
from schemas.clock import HOUR_MS, to_datetime
from schemas.database.watermark import Due
from schemas.errors import DefinitionError
from schemas.events import UsageEvent
from streams.fold import Rows, Stream, fold
from streams.folding import lateness
from streams.folding.counting import count, path_steps
from streams.folding.definitions import Declared, Names
from streams.folding.gathering import learn_and_gather
from streams.folding.memberships import Memberships
from streams.folding.numbers import Numbers
from streams.folding.records import Chunk, GapError, Record, follow, read
from streams.ticking import is_due, newest

NOON = 1_760_000_000_000 // HOUR_MS * HOUR_MS


def numbers() -> Numbers:
    known: dict[str, int] = {}
    return Numbers(lambda _, strings: {s: known.setdefault(s, len(known) + 1) for s in sorted(strings)})


def names(limit: int = 200) -> Names:
    known: dict[str, int] = {}

    def allocate(_: int, wanted: object) -> dict[str, int]:
        for name in wanted:  # type: ignore[attr-defined]
            if len(known) < limit:
                known.setdefault(name, len(known) + 1)
        return known

    return Names(allocate)


def test_records_follow_one_another() -> None:
    chunk = Chunk(0, 3, [(4, b"a"), (5, b"b"), (6, b"c")])
    assert [offset for offset, _ in follow(chunk, 5)] == [5, 6]
    assert follow(chunk, 9) == []
    with pytest.raises(GapError, match="expected 3"):
        follow(chunk, 3)
    with pytest.raises(GapError):
        follow(chunk._replace(records=[(4, b"a"), (6, b"c")]), 4)


def test_what_cannot_be_read_is_refused() -> None:
    good = encode(1, NOON, "t", [UsageEvent(id="a", time=NOON, name="n", account="x")])
    foreign = encode(2, NOON, "t", [UsageEvent(id="a", time=NOON, name="n", account="x")])
    nul = encode(1, NOON, "t", [UsageEvent(id="a", time=NOON, name="n\0", account="x")])
    ancient = encode(1, NOON, "t", [UsageEvent(id="a", time=-5, name="n", account="x")])
    values = [good, foreign, nul, ancient, b"", encode_heartbeat(NOON, "t")]
    kept, refused = read(Chunk(0, 0, []), list(enumerate(values)), {1}, NOON)
    assert [record.offset for record in kept] == [0, 5]
    assert [one.offset for one in refused] == [1, 2, 3, 4]
    assert all(one.message and one.code == "record.unreadable" for one in refused)


def test_a_closing_says_how_many_partitions_were_told() -> None:
    closing = decode(encode_closing(1, NOON, "import-1", 4))
    assert (closing.closes, closing.closes_in, closing.is_heartbeat) == ("import-1", 4, False)
    before = bytes([ROWS]) + msgspec.msgpack.encode([1, NOON, "import-1", [], "import-1"])
    assert (decode(before).closes, decode(before).closes_in) == ("import-1", 0)


def test_an_event_counts_in_all_its_behaviors() -> None:
    text = """
behaviors:
  - {name: shared, events: ["report.*"], where: {pages: {gte: 2}}, measure: sum(pages)}
  - {name: report.sent, events: [report.sent]}
"""
    declared = [Declared(100 + i, definition) for i, definition in enumerate(parse(text))]
    known = names(limit=1)
    known.declare({1: declared})
    events = [
        UsageEvent(id="a", time=NOON, name="login", account="x", user="u"),
        UsageEvent(id="b", time=NOON, name="report.sent", account="x", user="u", properties={"pages": 3}),
        UsageEvent(id="c", time=NOON, name="report.kept", account="x", user="u", properties={"pages": 1}),
    ]
    records = [Record(0, 0, 7, decode(encode(1, NOON, "t", events)))]
    accounts, users = numbers(), numbers()
    gathered = learn_and_gather(records, accounts, users, known)
    rows = count(gathered, np.arange(3), gathered.account, known)
    assert rows.behavior.tolist() == [0, 0, 0, 1, 100, 101]
    assert rows.value.tolist() == [0, 0, 0, 0, 3, 0]


def test_an_event_is_a_step_of_the_paths_it_matches_and_adds_nothing_else() -> None:
    text = """
behaviors:
  - {name: delivered, path: [{events: ["report.*"]}, {events: [report.sent], where: {pages: {gte: 2}}}], within: 1 day}
  - {name: came back, path: [{events: [login]}, {events: [login]}], within: 1 day}
"""
    known = names(limit=0)
    known.declare({1: [Declared(100 + i, definition) for i, definition in enumerate(parse(text))]})
    sent = [("login", "u", 0), ("report.sent", "u", 3), ("report.sent", "u", 1), ("report.sent", None, 3)]
    events = [
        UsageEvent(id=f"e{i}", time=NOON + i, name=name, account="x", user=user, properties={"pages": pages})
        for i, (name, user, pages) in enumerate(sent)
    ]
    records = [Record(0, 0, 7, decode(encode(1, NOON, "t", events)))]
    accounts, users = numbers(), numbers()
    gathered = learn_and_gather(records, accounts, users, known)
    found = path_steps(gathered, np.arange(4), gathered.account, known)
    rows = [row for part in found for row in zip(part.behavior, part.time - NOON, part.steps, strict=True)]
    assert sorted(rows) == [(100, 1, 0b11), (100, 2, 0b01), (101, 0, 0b11)]
    assert set(count(gathered, np.arange(4), gathered.account, known).behavior.tolist()) == {0}


def test_the_example_declares_what_it_says() -> None:
    found = parse((Path(behaviors.__file__).parent / "behaviors.example.yaml").read_text())
    assert [one.name for one in found] == ["report shared", "large invoice", "report delivered"]
    assert found[2].within_ms == 7 * 24 * HOUR_MS


def test_live_counting_of_a_new_behavior_begins_at_its_offset() -> None:
    (definition,) = parse("behaviors: [{name: all, events: ['*']}]")
    known = names()
    known.declare({1: [Declared(9, definition, active=False, since={(0, 0): 6})]})
    records = [
        Record(
            0, 0, offset, decode(encode(1, NOON, "t", [UsageEvent(id=str(offset), time=NOON, name="n", account="x")]))
        )
        for offset in (5, 6, 7)
    ]
    accounts, users = numbers(), numbers()
    gathered = learn_and_gather(records, accounts, users, known)
    rows = count(gathered, gathered.record, gathered.account, known)
    assert rows.behavior.tolist().count(9) == 2


def test_membership_at_a_time() -> None:
    memberships = Memberships(lambda *_: {5: [(100, 7)]})
    memberships.learn(1, [5, 6], clock=0)
    assert not memberships.join(1, 5, (150, 7))
    assert memberships.join(1, 5, (200, 8))
    assert memberships.join(1, 6, (10, 9))
    found = memberships.accounts(1, np.array([5, 5, 5, 6, 4]), np.array([50, 150, 250, 1, 1]))
    assert found.tolist() == [7, 7, 8, 9, -1]


def test_lateness_goes_by_the_heartbeat_before() -> None:
    hour = NOON // HOUR_MS
    rows = Rows.of(stream=[0, 0, 1], account=[1, 1, 1], behavior=[0, 0, 0], hour=[hour, hour - 2, hour], user=[1, 1, 1])
    deltas = fold(rows, [Stream(1, 0, 0), Stream(1, 1, 0)])
    late, n = lateness.late(deltas, {(0, 0): NOON + 20 * 60_000, (1, 0): None})
    assert sorted(late) == [(1, 0, NOON - 2 * HOUR_MS), (1, 1, NOON)]
    assert n == 1
    assert lateness.late(deltas, {(0, 0): None, (1, 0): None})[0] == [(1, 1, NOON)]


def test_who_is_due() -> None:
    hour = to_datetime(NOON)
    assert is_due(Due(1, None, None, None, False, coming=False), NOON)
    assert not is_due(Due(1, hour, None, None, False, coming=False), NOON + 5)
    assert is_due(Due(1, hour, hour, None, False, coming=False), NOON)
    assert is_due(Due(1, None, None, hour, True, coming=False), None)
    assert not is_due(Due(1, None, None, hour, False, coming=False), None)
    assert not is_due(Due(1, hour, hour, None, False, coming=True), NOON)
    ticks = [(0, b'{"workspace":1,"watermark":5}'), (1, b"?"), (2, b'{"workspace":1,"watermark":9}')]
    assert newest(ticks) == {1: 9}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("behaviors: [{name: a}]", "events"),
        ("behaviors: [{name: a, events: [x], colour: red}]", "colour"),
        ("behaviors: [{name: a, events: [x], measure: median}]", "measure"),
        ("behaviors: [{name: a, events: [x], where: {p: {like: 1}}}]", "like"),
        ("behaviors: [{name: a, events: [x]}, {name: a, events: [y]}]", "2 times"),
        ("behaviors: [{name: a, path: [x], within: 1 day}]", "object"),
        ("behaviors: [{name: a, path: [{events: [x]}], within: 1 day}]", "2 to 16 steps, not 1"),
        ("behaviors: [{name: a, path: [{events: [x]}, {events: []}], within: 1 day}]", "step 2: `events`"),
        ("behaviors: [{name: a, path: [{events: [x]}, {events: [y], where: {p: {is: 1}}}], within: 1 day}]", "step 2"),
        ("behaviors: [{name: a, path: [{events: [x]}, {events: [y]}]}]", "`within` is ''; say"),
        ("behaviors: [{name: a, path: [{events: [x]}, {events: [y]}], within: 2 weeks}]", "'2 weeks'; say"),
        ("behaviors: [{name: a, path: [{events: [x]}, {events: [y]}], within: 400 days}]", "at most 366"),
        ("behaviors: [{name: a, path: [{events: [x]}, {events: [y]}], within: 1 day, events: [z]}]", "not beside"),
        ("behaviors: [{name: a, path: [{events: [x]}, {events: [y]}], within: 1 day, measure: sum(p)}]", "duration of"),
        ("behaviors: [{name: a, events: [x], within: 1 day}]", "`path`"),
        ("behaviors: [{name: a, events: [x], measure: duration}]", "measure"),
        ("things: []", "behaviors:"),
        ("behaviors: [", "YAML"),
        ("behaviors: [{name: '*', events: [x]}]", "taken"),
    ],
)
def test_wrong_definitions_are_told(text: str, says: str) -> None:
    with pytest.raises(DefinitionError, match=says):
        parse(text)

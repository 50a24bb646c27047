"""The proof finds every way of losing and doubling, and nothing else."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.local.auditing.arithmetic import Balance, balance, places, repeats
from deploy.local.auditing.columns import Codes, Sums, TopicEvents
from schemas.batches import decode, encode
from schemas.events import Kind, UsageEvent
from schemas.topics import EVENTS, HISTORY, TOPIC_CODES

HOUR = 3_600_000
Event = tuple[str, str | None, int]  # id, explicit account, hour


def on_topic(events: Sequence[Event], codes: Codes, received: int = 0, topic: str = EVENTS) -> TopicEvents:
    usage = [UsageEvent(id=i, time=hour * HOUR, name="x", account=account, user="u") for i, account, hour in events]
    batch = decode(encode(1, received * HOUR, "test", usage))
    return TopicEvents.of(batch, TOPIC_CODES[topic], codes)


def summed(events: Sequence[Event], codes: Codes) -> Sums:
    """As windows or `unassigned` would hold them, under the account given."""
    columns = on_topic(events, codes)
    return Sums.of(columns.owner, columns.hour, np.ones(len(columns), np.int64), columns.low)


def balanced(topic: list[Event], windows: list[Event], waiting: Sequence[Event] = ()) -> Balance:
    codes = Codes()
    expected, counted, left = on_topic(topic, codes), summed(windows, codes), summed(waiting, codes)
    return balance(expected, left, counted, codes)


NAMED = [("a", "acme", 5), ("b", "acme", 5), ("c", "bolt", 5), ("d", "acme", 6)]
NAMELESS = [("e", None, 5), ("f", None, 7)]


def test_all_is_well() -> None:
    placed = [("e", "acme", 5)]
    assert balanced(NAMED + NAMELESS, NAMED + placed, [("f", None, 7)]) == Balance(0, 0, [])
    assert balanced([], []) == Balance(0, 0, [])


@pytest.mark.parametrize("i", range(4))
def test_a_lost_event(i: int) -> None:
    found = balanced(NAMED, NAMED[:i] + NAMED[i + 1 :])
    assert (found.lost, found.doubled) == (1, 0)
    _, account, hour = NAMED[i]
    assert [(d.account, d.hour, d.events_too_many) for d in found.differences] == [(account, hour, -1)]


@pytest.mark.parametrize("i", range(4))
def test_a_doubled_event(i: int) -> None:
    found = balanced(NAMED, [*NAMED, NAMED[i]])
    assert (found.lost, found.doubled) == (0, 1)


def test_a_loss_and_a_double_that_cancel_in_counts() -> None:
    found = balanced(NAMED, [NAMED[0], NAMED[0], *NAMED[2:]])
    assert (found.lost, found.doubled) == (1, 1)
    assert found.differences[0].events_too_many == 0


def test_an_event_in_the_wrong_account_is_lost_in_one_and_doubled_in_the_other() -> None:
    found = balanced(NAMED, [*NAMED[:3], ("d", "bolt", 6)])
    assert (found.lost, found.doubled) == (1, 1)


def test_nameless_events_lost_doubled_and_counted_while_they_wait() -> None:
    assert balanced(NAMED + NAMELESS, NAMED, [("f", None, 7)]).lost == 1
    assert balanced(NAMELESS, [("e", "acme", 5), ("e", "bolt", 5)], [("f", None, 7)]).doubled == 1
    both = balanced(NAMELESS, [("e", "acme", 5), ("f", "acme", 7)], [("f", None, 7)])
    assert (both.lost, both.doubled) == (0, 1)


@given(st.lists(st.tuples(st.integers(0, 60), st.sampled_from(["acme", "bolt", None]), st.integers(0, 3)), max_size=40))
def test_any_events_balance_and_any_missing_one_is_seen(events: list[tuple[int, str | None, int]]) -> None:
    topic = [(f"id{n}-{i}", account, hour) for i, (n, account, hour) in enumerate(events)]
    windows = [(i, account or "zeta", hour) for i, account, hour in topic]
    assert balanced(topic, windows) == Balance(0, 0, [])
    if windows:
        found = balanced(topic, windows[1:])
        assert (found.lost, found.doubled) == (1, 0)


def test_repeats_within_and_beyond_the_horizon() -> None:
    codes = Codes()
    once = [("a", "acme", 1)]
    live = TopicEvents.joined([on_topic(once, codes, received) for received in (0, 48, 49, 90)])
    found = repeats(live)
    assert (found.counted.tolist(), found.within, found.beyond) == ([True, False, True, False], 2, 1)
    imported = TopicEvents.joined([on_topic(once, codes, received, HISTORY) for received in (0, 49, 900)])
    assert repeats(imported).within == 2
    assert repeats(TopicEvents.joined([live, imported])).counted.sum() == 3
    assert repeats(TopicEvents.joined([])).within == 0


def test_columns_of_a_batch() -> None:
    codes = Codes()
    usage = [
        UsageEvent(id="a", time=HOUR * 3 + 5, name="x", account="acme"),
        UsageEvent(id="b", time=HOUR * 4, kind=Kind.GROUP, user="u"),
    ]
    columns = TopicEvents.of(decode(encode(2, HOUR * 9, "s", usage)), 0, codes)
    assert [codes.pairs[owner] for owner in columns.owner] == [(2, "acme"), (2, None)]
    assert columns.hour.tolist() == [3, 4]
    assert columns.kind.tolist() == [Kind.TRACK, Kind.GROUP]
    assert columns.received.tolist() == [9, 9]


def test_sums_before_1970_and_wrapping() -> None:
    big = np.array([2**64 - 1, 3], np.uint64)
    sums = Sums.of(np.array([2, 2]), np.array([-5, -5]), np.ones(2, np.int64), big)
    assert (sums.owners().tolist(), sums.hours().tolist(), sums.events.tolist(), sums.ids.tolist()) == (
        [2],
        [-5],
        [2],
        [2],
    )


def test_ids_of_a_ledger_are_each_in_one_place() -> None:
    ids = np.array([1, 2, 3, 4, 9], np.uint64)
    found = places(ids, {"unassigned": ids[1:2], "counted": ids[2:3]}, {"refused": ids[2:4], "later": ids[:3]})
    assert found.counts == {"unassigned": 1, "counted": 1, "refused": 1, "later": 1, "missing": 1}
    assert found.several == 0


def test_an_id_that_is_counted_and_waits_is_in_several_places() -> None:
    ids = np.array([1, 2], np.uint64)
    assert places(ids, {"unassigned": ids[1:], "counted": ids}, {}).several == 1

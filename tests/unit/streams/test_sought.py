"""What was on its way when a partition was sought back is left out, and does not hide what comes from before it."""

import asyncio
import time
from types import SimpleNamespace

import pytest
from faust.types import TP

from schemas.clock import Clock
from streams.folding.runner import UNDER_WAY, Fetched, Runner
from streams.transport import Consumer

HERE, THERE = (0, 0), (0, 1)
TOPIC = TP("events", 0)


def fetched(key, first, last):
    return Fetched(key, [(offset, b"") for offset in range(first, last + 1)], 1, lambda: None)


@pytest.fixture
def runner():
    made = Runner(SimpleNamespace(partitions={}), Clock(), asyncio.sleep, limit=1, linger=0, patience=1)
    made.partitions, made._begun_at = {HERE, THERE}, {HERE: 10, THERE: 0}
    made._sought_at = dict.fromkeys((HERE, THERE), time.monotonic())
    return made


def test_late_fetches_are_left_out_until_what_was_sought_comes(runner):
    late, first, second = fetched(HERE, 90, 99), fetched(HERE, 10, 19), fetched(HERE, 20, 29)
    other = fetched(THERE, 0, 4)
    assert runner._fresh([late, other, first, second]) == [other, first, second]


def test_what_is_counted_already_is_left_to_the_fold(runner):
    batch = [fetched(HERE, 5, 14), fetched(HERE, 15, 19)]
    assert runner._fresh(batch) == batch


def test_a_gap_after_a_while_is_a_gap(runner):
    runner._sought_at[HERE] -= UNDER_WAY + 1
    gap = fetched(HERE, 90, 99)
    assert runner._fresh([gap]) == [gap]


def record(offset):
    said = dict.fromkeys(("key", "headers"), None)
    return SimpleNamespace(offset=offset, value=b"v", topic="events", partition=0, timestamp=1000, timestamp_type=0,
                           checksum=None, serialized_key_size=0, serialized_value_size=1, **said)  # fmt: skip


def test_what_is_sought_is_handed_over_whatever_was_read_last():
    consumer = Consumer.__new__(Consumer)
    consumer.app = SimpleNamespace(consumer_generation_id=1)
    consumer._read_offset, consumer._sought = {}, {TOPIC: (0, time.monotonic() + UNDER_WAY)}
    late = consumer._to_message(TOPIC, [record(90), record(91)])
    consumer._read_offset[TOPIC] = late.offset  # as Faust does once it is handed over
    assert late.value == []
    due = consumer._to_message(TOPIC, [record(0), record(1)])
    assert due.value == [(0, b"v"), (1, b"v")]
    assert consumer._read_offset[TOPIC] is None, "else Faust would drop it"
    assert not consumer._sought

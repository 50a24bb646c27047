import asyncio

import msgspec

from ingest.commits import LARGE, Commit, Stream
from ingest.kafka import Record
from schemas.batches import PackedEvent, decode, pack
from schemas.events import UsageEvent
from schemas.rejections import Rejection
from schemas.topics import EVENTS, HISTORY, REJECTED, slot_of

SEGMENT = Stream(EVENTS, 1, "segment")
OTHER = Stream(HISTORY, 2, "import-1")


def events(n: int) -> list[PackedEvent]:
    return [pack(UsageEvent(id=f"m{i}", time=i, name="report", account=f"a{i % 50}", user="ada")) for i in range(n)]


def test_a_record_for_each_stream_and_partition_where_slots_belong() -> None:
    commit = Commit()
    commit.add(SEGMENT, events(100), [], 10)
    commit.add(OTHER, events(10), [], 10)
    commit.add(SEGMENT, events(100), [], 10)
    records = commit.encode(5, lambda topic: 8 if topic == EVENTS else 2)
    assert len({(r.topic, r.partition) for r in records}) == len(records) <= 10
    for record in records:
        batch = decode(record.value)
        assert batch.received == 5
        partitions = 8 if record.topic == EVENTS else 2
        for i in range(len(batch)):
            slot = slot_of(batch.workspace, batch.event(i).routing)
            assert (batch.slots[i], slot % partitions) == (slot, record.partition)
    assert sum(len(decode(r.value)) for r in records) == 210


def test_order_within_a_partition_is_the_order_of_arrival() -> None:
    commit = Commit()
    commit.add(SEGMENT, events(60), [], 10)
    (record,) = commit.encode(5, lambda _: 1)
    assert decode(record.value).message_ids() == [f"m{i}" for i in range(60)]


def test_a_large_commit_makes_small_records() -> None:
    commit = Commit()
    commit.add(SEGMENT, events(250), [], LARGE + 1)
    assert [len(decode(r.value)) for r in commit.encode(5, lambda _: 1)] == [100, 100, 50]


def test_rejections_go_to_their_topic() -> None:
    commit = Commit()
    rejection = Rejection(workspace=1, index=0, code="too_deep", message="…", raw=b"[[", received=5)
    commit.add(SEGMENT, [], [rejection], 2)
    assert commit.encode(5, lambda _: 1) == [Record(REJECTED, 0, msgspec.msgpack.encode(rejection))]


def test_the_first_word_counts() -> None:
    async def settle() -> Exception | None:
        commit, error = Commit(), TimeoutError()
        commit.settle(error)
        commit.settle(None)
        return await commit.wait()

    assert isinstance(asyncio.run(settle()), TimeoutError)

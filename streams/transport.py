"""Faust's aiokafka transport, changed in five places.

One fetch of a partition becomes one message, since Faust's price is per message (about 170 µs): its value is the list
of `(offset, value)`, raw, and its offset that of the last. On assignment the partitions that `App.positions` knows are
read from where the database stands; Kafka's committed offset is only a hint. And a worker with a name (Kafka's static
membership) leaves its group when it is stopped, which aiokafka leaves to the session's end.

This leans on names inside faust-streaming 0.15; tests/integration/streams/test_transport.py holds them.
"""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, cast

import faust
from aiokafka import ConsumerRecord
from faust.transport.consumer import ensure_TP
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage

from streams.folding.records import Span
from streams.folding.runner import UNDER_WAY

Positions = Callable[[Mapping[TP, Span], bool], Awaitable[Mapping[TP, int]]]


class App(faust.App):
    """A Faust app whose partitions may be read from offsets of our own."""

    positions: Positions | None = None


class _Thread(driver.AIOKafkaConsumerThread):
    """A member with a name that says goodbye, and that does not leave its group without a leader."""

    _joined_as = ""

    def lead_if_due(self) -> None:
        """Joins once more after each join as a new member that was not told to lead.

        Only who leads sees that a topic has grown; Kafka lets a dead one lead until its successor has joined twice.
        """
        coordinator = self._ensure_consumer()._coordinator  # noqa: SLF001
        named, leads = coordinator._group_instance_id, coordinator._group_subscription is not None  # noqa: SLF001
        if named and coordinator.member_id != self._joined_as:
            self._joined_as = coordinator.member_id
            if not leads:
                self.thread_loop.call_soon_threadsafe(coordinator.request_rejoin)

    async def on_thread_stop(self) -> None:
        if self._consumer is not None and self._consumer._coordinator is not None:  # noqa: SLF001
            self._consumer._coordinator._group_instance_id = None  # noqa: SLF001
        await super().on_thread_stop()


class Consumer(driver.Consumer):
    """Hands over whole fetches, and seeks to the database's offsets."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._sought: dict[TP, tuple[int, float]] = {}  # offset, and until when fetches from elsewhere are late ones

    def _new_consumer_thread(self) -> driver.AIOKafkaConsumerThread:
        return _Thread(self, loop=self.loop, beacon=self.beacon)

    async def _wait_next_records(self, timeout: float) -> tuple[Any, Any]:  # noqa: ASYNC109 - the name is Faust's
        records, active = await super()._wait_next_records(timeout)
        return records and {ensure_TP(tp): [fetched] for tp, fetched in records.items() if fetched}, active

    def _to_message(self, tp: TP, fetched: Sequence[ConsumerRecord[bytes, bytes]]) -> ConsumerMessage:
        message = super()._to_message(tp, fetched[-1])
        value: Any = [(record.offset, record.value or b"") for record in fetched]
        if tp in self._sought:
            offset, until = self._sought[tp]
            if fetched[0].offset != offset and time.monotonic() < until:
                value = []
            else:
                del self._sought[tp]
                self._read_offset[tp] = None
        message.value = value
        return message

    async def perform_seek(self) -> None:
        """Seeks to Kafka's committed offsets, then, where we know better, to ours."""
        await super().perform_seek()
        cast(_Thread, self._thread).lead_if_due()
        await self.seek_to_ours(self.assignment(), all_of_them=True)

    async def seek_to_ours(self, assigned: set[TP], *, all_of_them: bool = False) -> None:
        """Seeks the partitions among `assigned` whose offsets are in the database."""
        positions = cast(App, self.app).positions
        if positions is None:
            return
        partitions = sorted(assigned)
        begins = await self.earliest_offsets(*partitions) if partitions else {}
        ends = await self.highwaters(*partitions) if partitions else {}
        spans = {tp: Span(begins[tp], ends[tp], self._partitions_of(tp.topic)) for tp in partitions}
        for tp, offset in (await positions(spans, all_of_them)).items():
            self._sought[tp] = offset, time.monotonic() + UNDER_WAY
            await self.seek_wait({tp: offset})
            self._read_offset[tp] = offset or None
            self._committed_offset[tp] = offset

    def _partitions_of(self, topic: str) -> int:
        return len(self._thread._ensure_consumer().partitions_for_topic(topic) or ())  # noqa: SLF001


class Transport(driver.Transport):
    """The transport behind `ebbtide://` addresses."""

    Consumer = Consumer

"""Group commit: what arrives within a few milliseconds goes to Kafka together, and is answered when Kafka has it.

What is received and not acknowledged is bounded in bytes and in age. Beyond that new requests are refused at once, so
that a Kafka that hangs costs no memory; a later heartbeat finds out that it is back.
"""

import asyncio
import time
from collections.abc import Sequence
from functools import partial

import structlog

from ingest import metrics
from ingest.commits import LARGE, Commit, Stream
from ingest.errors import Refusal
from ingest.kafka import Producer, Record
from ingest.settings import IngestSettings
from schemas.batches import PackedEvent, encode_closing, encode_heartbeat
from schemas.clock import Clock
from schemas.errors import UnavailableError
from schemas.rejections import Rejection
from schemas.topics import EVENTS, HISTORY

_HEALTHY = 5.0  # seconds since the last acknowledged heartbeat
_AHEAD = 2  # commits that Kafka may owe us before a further one waits, and grows meanwhile
_GRACE = 3.0  # seconds that the producer may take longer than it was told
_log = structlog.get_logger()


class Sink:
    """Keeps events in Kafka. Everything runs on the event loop; nothing here blocks it."""

    def __init__(self, producer: Producer, clock: Clock, settings: IngestSettings, name: str) -> None:
        self._producer, self._clock, self._settings, self._name = producer, clock, settings, name
        self._open = Commit()
        self._timer: asyncio.TimerHandle | None = None
        self._unsettled: dict[Commit, None] = {}
        self._in_flight = 0
        self._healthy_at = float("-inf")
        metrics.IN_FLIGHT.set_function(lambda: self._in_flight)
        metrics.OLDEST.set_function(self._oldest)

    @property
    def healthy(self) -> bool:
        """Whether Kafka acknowledged a heartbeat on every partition a moment ago."""
        return time.monotonic() - self._healthy_at < _HEALTHY

    @property
    def now(self) -> int:
        """The moment, in milliseconds."""
        return self._clock.now()

    def reserve(self, size: int) -> None:
        """Holds room for a body of `size` bytes until `release`, or raises a Refusal because there is none."""
        if not self._producer.connected:
            raise self._busy("Kafka is not reached yet")
        if self._oldest() > self._settings.stall_seconds:
            raise self._busy("Kafka has not acknowledged anything for a while")
        if self._in_flight + size > self._settings.in_flight_bytes:
            raise self._busy("too much is waiting for Kafka")
        self._in_flight += size

    def release(self, size: int) -> None:
        """Gives that room back: the body is read."""
        self._in_flight -= size

    async def keep(
        self, stream: Stream, events: Sequence[PackedEvent], rejections: Sequence[Rejection], size: int
    ) -> None:
        """Returns when Kafka has all of it. Raises a Refusal (503) when that is not certain."""
        commit = self._open
        if not commit.count:
            asyncio.get_running_loop().call_later(self._settings.answer_seconds, self._expire, commit)
        commit.add(stream, events, rejections, size)
        self._in_flight += size
        if commit.count >= self._settings.commit_events or commit.size > LARGE:
            self.flush()
        elif self._timer is None and len(self._unsettled) < _AHEAD:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._settings.commit_ms / 1000, self.flush)
        if await commit.wait() is not None:
            raise self._busy("Kafka did not acknowledge the events in time")

    async def close_import(self, workspace: int, import_id: str) -> int:
        """Says on every partition of the history that the import is over; returns how many those are."""
        self.flush()
        partitions = self._producer.partitions(HISTORY)
        value = encode_closing(workspace, self._clock.now(), import_id, partitions)
        commit = self._produce([Record(HISTORY, number, value) for number in range(partitions)])
        if await commit.wait() is not None:
            raise self._busy("Kafka did not acknowledge the end of the import in time")
        return partitions

    def flush(self) -> None:
        """Produces what is open, in one go."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        commit, self._open = self._open, Commit()
        if commit.count:
            metrics.COMMIT_EVENTS.observe(commit.count)
            self._send(commit, commit.encode(self._clock.now(), self._producer.partitions))

    async def beat(self) -> None:
        """Tells every partition of `events` the time, after all that was received before it."""
        if self._oldest() > self._settings.stall_seconds:
            return
        value = encode_heartbeat(self._clock.now(), self._name)
        self.flush()
        commit = self._produce([Record(EVENTS, n, value) for n in range(self._producer.partitions(EVENTS))])
        if await commit.wait() is None:
            metrics.HEARTBEATS.inc()
            self._healthy_at = time.monotonic()

    async def close(self, seconds: float) -> None:
        """Produces what is open and waits for Kafka's word on all that is in flight."""
        self.flush()
        waiting = [commit.wait() for commit in self._unsettled]
        if waiting:
            await asyncio.wait(map(asyncio.ensure_future, waiting), timeout=seconds)
        await self._producer.close(seconds)

    def _produce(self, records: list[Record]) -> Commit:
        commit = Commit()
        asyncio.get_running_loop().call_later(self._settings.answer_seconds, self._expire, commit)
        self._send(commit, records)
        return commit

    def _send(self, commit: Commit, records: list[Record]) -> None:
        commit.produced = time.monotonic()
        self._unsettled[commit] = None
        metrics.COMMIT_RECORDS.observe(len(records))
        self._producer.produce(records, partial(self._done, commit))

    def _done(self, commit: Commit, error: Exception | None) -> None:
        """The producer's last word: only now is the memory free."""
        self._unsettled.pop(commit)
        self._in_flight -= commit.size
        commit.settle(error)
        if self._open.count and self._timer is None:
            self.flush()
        if error is None:
            metrics.PRODUCE_SECONDS.observe(time.monotonic() - commit.produced)
            return
        metrics.FAILED.inc()
        _log.warning("Kafka did not acknowledge a commit; its senders were told to retry", error=repr(error)[:300])

    def _expire(self, commit: Commit) -> None:
        """Lets those go who have waited too long. What is produced by then may yet arrive; what is not, is dropped."""
        if commit is self._open and commit.count:
            self._open = Commit()
            self._in_flight -= commit.size
        commit.settle(UnavailableError("no acknowledgement in time"))

    def watch(self) -> None:
        """Gives up a producer that neither delivers nor fails in the time it was given."""
        if self._oldest() > self._settings.answer_seconds + _GRACE:
            self._producer.abandon()

    def _oldest(self) -> float:
        first = next(iter(self._unsettled), None)
        return 0.0 if first is None else time.monotonic() - first.produced

    def _busy(self, why: str) -> Refusal:
        return Refusal(
            503,
            "kafka_unavailable",
            f"Not kept: {why}. Send the same again later; ids keep it from counting twice.",
            self._settings.retry_after,
        )

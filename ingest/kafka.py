"""Kafka's producer behind two words: produce these records, and tell me when all are acknowledged."""

import asyncio
import itertools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import structlog
from kafka import KafkaProducer
from kafka.errors import KafkaError, KafkaTimeoutError, MessageSizeTooLargeError, RetriableError

from schemas.errors import UnavailableError
from schemas.kafka import KafkaAccess

_log = structlog.get_logger()
_LARGEST = 16 << 20

Done = Callable[[Exception | None], None]


class Record(NamedTuple):
    """A value and where it goes."""

    topic: str
    partition: int
    value: bytes


class Producer:
    """An idempotent producer with acks=all. It is used on the event loop's thread and answers there.

    kafka-python bounds neither its memory nor its waiting: the sink does. `patience` (seconds) is how long it may try;
    what is not acknowledged by then fails, and may yet arrive, which dedupe takes care of.
    """

    def __init__(self, access: KafkaAccess, topics: Sequence[str], patience: float, compression: str) -> None:
        self._topics = topics
        self._partitions: dict[str, int] = {}
        self._config: dict[str, Any] = {
            **access.options(),
            "client_id": "ebbtide-ingest",
            "acks": "all",
            "enable_idempotence": True,
            "compression_type": None if compression == "none" else compression,
            "linger_ms": 0,
            "batch_size": 1 << 20,
            "max_request_size": _LARGEST,
            "request_timeout_ms": round(patience * 750),
            "delivery_timeout_ms": round(patience * 1000),
            "max_block_ms": 3000,
            "bootstrap_timeout_ms": 5000,
            "reconnect_backoff_max_ms": 1000,
            "metadata_max_age_ms": 10_000,
            "allow_auto_create_topics": False,
            "metrics_enabled": False,
        }
        self._kafka: Any = None

    async def connect(self) -> None:
        """Connects and learns the topics' partitions. Raises UnavailableError."""
        kafka: Any = None
        try:
            kafka = await asyncio.to_thread(KafkaProducer, **self._config)
            await self._learn(kafka)
        except (KafkaError, OSError) as error:
            raise UnavailableError(f"Kafka at {self._config['bootstrap_servers']} does not answer: {error}") from error
        else:
            self._kafka, kafka = kafka, None
        finally:
            if kafka is not None:
                await asyncio.to_thread(kafka.close, 1)

    async def refresh(self) -> None:
        """Learns the topics' partitions anew; a count that grew is used from then on."""
        await self._learn(self._kafka)

    @property
    def connected(self) -> bool:
        """Whether records can be produced."""
        return self._kafka is not None

    def partitions(self, topic: str) -> int:
        """How many partitions the topic has."""
        return self._partitions[topic]

    def produce(self, records: Sequence[Record], done: Done) -> None:
        """Hands the records over in order; `done` is called once on the loop: None, or the first error."""
        loop, kafka = asyncio.get_running_loop(), self._kafka
        count, errors = itertools.count(1), list[Exception]()

        def settle(_: object = None) -> None:  # mostly on the producer's thread
            if next(count) == len(records):
                loop.call_soon_threadsafe(finish)

        def fail(error: Exception) -> None:
            errors.append(error)
            settle()

        def finish() -> None:
            if errors and kafka is self._kafka and _is_fatal(errors[0]):
                self.abandon()
            done(errors[0] if errors else None)

        for record in records:
            try:
                sent = kafka.send(record.topic, value=record.value, partition=record.partition)
            except (KafkaError, ValueError, AttributeError) as error:
                fail(error)
            else:
                sent.add_callback(settle)
                sent.add_errback(fail)

    def abandon(self) -> None:
        """Gives up a producer that can't recover; all it holds fails. `connect` makes another.

        After a broker hung, kafka-python 3.0 may wait forever for its idempotent id, past its own delivery timeout, and
        its `close` then raises before it ends the thread: so the thread is ended by its own method.
        """
        _log.warning("the Kafka producer is given up and made anew")
        broken, self._kafka = self._kafka, None
        if broken is not None:
            broken._sender.force_close()  # noqa: SLF001 - see above; tests/integration/ingest/test_faults.py holds it

    async def close(self, seconds: float) -> None:
        """Sends what is left, for at most so many seconds, and disconnects."""
        if self._kafka is None:
            return
        try:
            await asyncio.to_thread(self._kafka.close, seconds)
        except KafkaError:
            self.abandon()

    async def _learn(self, kafka: Any) -> None:
        for topic in self._topics:
            found = await asyncio.to_thread(kafka.partitions_for, topic)
            if not found:
                raise UnavailableError(f"Kafka has no topic {topic}; run `python -m deploy.prepare`.")
            self._partitions[topic] = len(found)


def _is_fatal(error: Exception) -> bool:
    """Whether a producer that said this needs replacing: anything but silence and what retrying mends."""
    return not isinstance(error, KafkaTimeoutError | RetriableError | MessageSizeTooLargeError)

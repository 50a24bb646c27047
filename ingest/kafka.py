"""Kafka's producer behind two words: produce these records, and tell me when all are acknowledged."""

import asyncio
import itertools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import structlog
from kafka import KafkaProducer
from kafka.errors import KafkaError, KafkaTimeoutError

from schemas.errors import UnavailableError

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

    def __init__(self, bootstrap: str, topics: Sequence[str], patience: float, compression: str | None) -> None:
        self._topics = topics
        self._partitions: dict[str, int] = {}
        self._config: dict[str, Any] = {
            "bootstrap_servers": bootstrap.split(","),
            "client_id": "ebbtide-ingest",
            "acks": "all",
            "enable_idempotence": True,
            "compression_type": compression,
            "linger_ms": 0,
            "batch_size": 1 << 20,
            "max_request_size": _LARGEST,
            "request_timeout_ms": round(patience * 750),
            "delivery_timeout_ms": round(patience * 1000),
            "max_block_ms": 3000,
            "bootstrap_timeout_ms": 5000,
            "reconnect_backoff_max_ms": 1000,
            "metadata_max_age_ms": 30_000,
            "allow_auto_create_topics": False,
            "metrics_enabled": False,
        }
        self._kafka: Any = None

    async def connect(self) -> None:
        """Connects and learns the topics' partitions. Raises UnavailableError."""
        try:
            self._kafka = self._kafka or await asyncio.to_thread(KafkaProducer, **self._config)
            await self.refresh()
        except (KafkaError, OSError) as error:
            raise UnavailableError(f"Kafka at {self._config['bootstrap_servers']} does not answer: {error}") from error

    async def refresh(self) -> None:
        """Learns the topics' partitions anew; a count that grew is used from then on."""
        for topic in self._topics:
            found = await asyncio.to_thread(self._kafka.partitions_for, topic)
            if found:
                self._partitions[topic] = len(found)

    @property
    def connected(self) -> bool:
        """Whether every topic's partitions are known."""
        return len(self._partitions) == len(self._topics)

    def partitions(self, topic: str) -> int:
        """How many partitions the topic has."""
        return self._partitions[topic]

    def produce(self, records: Sequence[Record], done: Done) -> None:
        """Hands the records over in order; `done` is called once on the loop: None, or the first error."""
        loop = asyncio.get_running_loop()
        count = itertools.count(1)
        errors: list[Exception] = []

        def settle(_: object = None) -> None:
            if next(count) == len(records):
                loop.call_soon_threadsafe(done, errors[0] if errors else None)

        def fail(error: Exception) -> None:
            errors.append(error)
            settle()

        for record in records:
            try:
                sent = self._kafka.send(record.topic, value=record.value, partition=record.partition)
            except (KafkaError, ValueError, AssertionError) as error:
                fail(error)
            else:
                sent.add_callback(settle)
                sent.add_errback(fail)

    async def renew(self) -> None:
        """Replaces a producer that can't recover."""
        _log.warning("the Kafka producer is replaced")
        broken, self._kafka = self._kafka, await asyncio.to_thread(KafkaProducer, **self._config)
        await asyncio.to_thread(broken.close, 0)

    async def close(self, seconds: float) -> None:
        """Sends what is left, for at most so many seconds, and disconnects."""
        if self._kafka is not None:
            await asyncio.to_thread(self._kafka.close, seconds)


def is_fatal(error: Exception) -> bool:
    """Whether a producer that said this needs replacing: anything but silence and what the broker calls retriable."""
    return not isinstance(error, KafkaTimeoutError) and not getattr(error, "retriable", False)

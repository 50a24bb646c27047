"""Where the topics end, asked of Kafka apart from the fetch: a fetch that has stopped does not know what it misses."""

from collections.abc import Mapping
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from schemas.errors import UnavailableError
from schemas.kafka import KafkaAccess
from streams.standing import Key

_TIMEOUT_MS = 5000


class Ends:
    """Asks with a client of its own. It blocks: call it in a thread, one call at a time."""

    def __init__(self, kafka: KafkaAccess, topics: Mapping[str, int]) -> None:
        self._kafka, self._topics = kafka, topics
        self._client: Any = None

    def ask(self) -> dict[Key, int]:
        """The end of every partition of the topics, those too that nobody reads yet. Raises UnavailableError."""
        try:
            client = self._client = self._client or self._connected()
            every = [TopicPartition(name, n) for name in self._topics for n in client.partitions_for_topic(name) or ()]
            ends: dict[Any, int] = client.end_offsets(every, timeout_ms=_TIMEOUT_MS) if every else {}
        except (KafkaError, OSError) as error:
            self._drop()
            raise UnavailableError(
                f"Kafka at {','.join(self._kafka.servers)} does not say where the topics end: {error!r}"
            ) from error
        return {(self._topics[tp.topic], tp.partition): end for tp, end in ends.items()}

    def _connected(self) -> Any:
        return KafkaConsumer(
            **self._kafka.options(),
            client_id="ebbtide-watch",
            enable_auto_commit=False,
            request_timeout_ms=_TIMEOUT_MS,
            bootstrap_timeout_ms=_TIMEOUT_MS,
            metadata_max_age_ms=10_000,
            metrics_enabled=False,
        )

    def _drop(self) -> None:
        broken, self._client = self._client, None
        if broken is not None:
            broken.close(timeout_ms=0)

"""Topic `alerts`: the outbox's messages for other systems, those of one alert's fingerprint in order."""

import asyncio
import time

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas.kafka import KafkaAccess
from schemas.webhooks import Attempt, Message
from streams.webhooks import TIMEOUT, retry_in

TOPIC = "kafka:"


class Topic:
    """The way to the topic; it connects with the first message."""

    def __init__(self, kafka: KafkaAccess, prefix: str) -> None:
        self._kafka, self._prefix = kafka, prefix
        self._producer: AIOKafkaProducer | None = None
        self._lock = asyncio.Lock()

    async def send(self, message: Message, most: int) -> Attempt:
        """Publishes a message under its alert's fingerprint as key."""
        started = time.monotonic()
        try:
            async with asyncio.timeout(TIMEOUT):
                producer = await self._connected()
                name = self._prefix + message.url.removeprefix(TOPIC)
                headers = [("webhook-id", message.webhook_id.encode()), ("workspace", b"%d" % message.workspace)]
                key, value = message.series.encode(), message.payload.encode()
                await producer.send_and_wait(name, key=key, value=value, headers=headers)
        except (KafkaError, OSError, TimeoutError) as error:
            reason, later = f"{type(error).__name__}: {error}"[:500], retry_in(message.attempts, most)
            return Attempt(None, time.monotonic() - started, reason, None, delivered=False, retry_in=later)
        return Attempt(None, time.monotonic() - started, None, None, delivered=True)

    async def close(self) -> None:
        """Ends the connection, if there is one."""
        if self._producer is not None:
            await self._producer.stop()

    async def _connected(self) -> AIOKafkaProducer:
        async with self._lock:
            if self._producer is None:
                producer = AIOKafkaProducer(**self._kafka.options(), acks="all")
                try:
                    await producer.start()
                except BaseException:
                    await producer.stop()
                    raise
                self._producer = producer
            return self._producer

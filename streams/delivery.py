"""Delivery: the outbox's messages to webhooks and to topic `alerts`, in order within an episode, retried, all logged.

Any worker may send any message: a lease keeps two from sending the same one at once. A message is sent at least once;
its id tells a receiver when it comes again.
"""

import asyncio
import time
from typing import Protocol

import httpx
import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas.database import outbox
from schemas.database.engine import DatabaseError, Engine
from schemas.database.outbox import Attempt, Message
from streams import metrics
from streams.webhooks import create_client, retry_in, send

_EVERY = 0.3
_AT_ONCE = 64
_TOPIC = "kafka:"
_log = structlog.get_logger()


class Settings(Protocol):
    """What delivery reads of the worker's settings."""

    kafka: str
    topic_prefix: str
    webhooks_allow_private: bool
    webhooks_attempts: int


async def run(engine: Engine, settings: Settings, stop: asyncio.Event) -> None:
    """Sends what is due until `stop` is set, then waits for what is under way."""
    topic = Topic(settings)
    async with create_client(settings.webhooks_allow_private) as client:
        under_way: set[asyncio.Task[None]] = set()
        try:
            while not stop.is_set():
                for message in await _lease(engine, _AT_ONCE - len(under_way)):
                    task = asyncio.create_task(_deliver(engine, client, topic, message, settings.webhooks_attempts))
                    under_way.add(task)
                    task.add_done_callback(under_way.discard)
                await _pause(stop, _EVERY)
        finally:
            await asyncio.gather(*under_way, return_exceptions=True)
            await topic.close()


class Topic:
    """The way to topic `alerts`; it connects with the first message."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._producer: AIOKafkaProducer | None = None
        self._lock = asyncio.Lock()

    async def send(self, message: Message, most: int) -> Attempt:
        """Publishes a message under its episode as key."""
        started = time.monotonic()
        try:
            async with asyncio.timeout(15):
                producer = await self._connected()
                name = self._settings.topic_prefix + message.url.removeprefix(_TOPIC)
                headers = [("webhook-id", message.webhook_id.encode())]
                key, value = message.episode.encode(), message.payload.encode()
                await producer.send_and_wait(name, key=key, value=value, headers=headers)
        except (KafkaError, OSError, TimeoutError) as error:
            reason, pause = f"{type(error).__name__}: {error}"[:500], retry_in(message.attempts, most)
            return Attempt(None, time.monotonic() - started, reason, None, delivered=False, retry_in=pause)
        return Attempt(None, time.monotonic() - started, None, None, delivered=True)

    async def close(self) -> None:
        """Ends the connection, if there is one."""
        if self._producer is not None:
            await self._producer.stop()

    async def _connected(self) -> AIOKafkaProducer:
        async with self._lock:
            if self._producer is None:
                producer = AIOKafkaProducer(bootstrap_servers=self._settings.kafka, acks="all")
                try:
                    await producer.start()
                except BaseException:
                    await producer.stop()
                    raise
                self._producer = producer
            return self._producer


async def _lease(engine: Engine, limit: int) -> list[Message]:
    if limit <= 0:
        return []

    def work() -> list[Message]:
        with engine.begin() as connection:
            metrics.OUTBOX_WAITING.set(outbox.waiting(connection))
            return outbox.lease(connection, limit)

    try:
        return await asyncio.to_thread(work)
    except DatabaseError as error:
        _log.warning("deliver.later", reason=str(error).splitlines()[0], kept="all messages wait in the outbox")
        await asyncio.sleep(2)
        return []


async def _deliver(engine: Engine, client: httpx.AsyncClient, topic: Topic, message: Message, most: int) -> None:
    if message.url.startswith(_TOPIC):
        attempt = await topic.send(message, most)
    elif message.endpoint_state == "disabled":
        attempt = Attempt(None, 0, "the endpoint is disabled", None, delivered=False)
    else:
        attempt = await send(client, message, most)
    outcome = "delivered" if attempt.delivered else "failed" if attempt.retry_in is None else "retried"
    metrics.WEBHOOKS.labels(outcome).inc()
    metrics.WEBHOOK_SECONDS.observe(attempt.seconds)

    def work() -> None:
        with engine.begin() as connection:
            outbox.note(connection, message, attempt)

    try:
        await asyncio.to_thread(work)
    except DatabaseError as error:
        _log.warning("deliver.unnoted", reason=str(error).splitlines()[0], again="when the lease is over")


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        pass

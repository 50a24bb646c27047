"""Delivery: the outbox's messages to webhooks and to topic `alerts`, in order within an episode, retried, all logged.

Any worker may send any message: a lease keeps two from sending the same one at once. A message is sent at least once;
its id tells a receiver when it comes again. A slow receiver holds its own lane and nothing else: names are looked up in
threads that nothing else waits for, and what became of messages is written for all that ended meanwhile at once.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Protocol

import structlog

from schemas.database import outbox
from schemas.database.engine import DatabaseError, Engine
from schemas.database.outbox import LANE
from schemas.kafka import KafkaAccess
from schemas.webhooks import Attempt, Message
from streams import metrics
from streams.connecting import Client
from streams.mailing import Mail
from streams.publishing import TOPIC, Topic
from streams.webhooks import Sender

_EVERY = 0.3  # seconds between two looks into the outbox, while nothing ends
_SOON = 0.02  # and between two looks whatever happens
_AT_ONCE = 1024
_COUNT_EVERY = 10.0
_log = structlog.get_logger()


class Settings(Protocol):
    """What delivery reads of the worker's settings."""

    @property
    def kafka_access(self) -> KafkaAccess:
        """How Kafka is reached."""

    topic_prefix: str
    webhooks_allow_private: bool
    webhooks_attempts: int
    smtp_url: str
    smtp_from: str


async def run(engine: Engine, settings: Settings, stop: asyncio.Event) -> None:
    """Sends what is due until `stop` is set, then waits for what is under way."""
    topic = Topic(settings.kafka_access, settings.topic_prefix)
    client = Client(settings.webhooks_allow_private)
    mail = Mail(settings.smtp_url, settings.smtp_from)
    lanes = Lanes(Sender(client, mail, settings.webhooks_attempts), topic, settings.webhooks_attempts)
    try:
        await _deliver(engine, lanes, stop)
    finally:
        await asyncio.gather(*lanes.under_way, return_exceptions=True)
        await _note(engine, lanes.take_finished())
        await topic.close()
        client.close()


class Lanes:
    """Messages under way, and what became of those that ended."""

    def __init__(self, sender: Sender, topic: Topic, most: int) -> None:
        self.under_way: set[asyncio.Task[None]] = set()
        self.ended = asyncio.Event()
        self._sender, self._topic, self._most = sender, topic, most
        self._finished: list[tuple[Message, Attempt]] = []

    def start(self, message: Message) -> None:
        """Sends a message in a task of its own."""
        task = asyncio.create_task(self._send(message))
        self.under_way.add(task)
        task.add_done_callback(self.under_way.discard)

    def take_finished(self) -> list[tuple[Message, Attempt]]:
        """What ended since this was asked last."""
        self.ended.clear()
        finished, self._finished = self._finished, []
        return finished

    async def _send(self, message: Message) -> None:
        if message.url.startswith(TOPIC):
            attempt = await self._topic.send(message, self._most)
        else:
            attempt = await self._sender.send(message)
        metrics.WEBHOOKS.labels("retried" if attempt.state == "waiting" else attempt.state).inc()
        metrics.WEBHOOK_SECONDS.observe(attempt.seconds)
        self._finished.append((message, attempt))
        self.ended.set()


async def _deliver(engine: Engine, lanes: Lanes, stop: asyncio.Event) -> None:
    counted = 0.0
    while not stop.is_set():
        await _note(engine, lanes.take_finished())
        for message in await _lease(engine, len(lanes.under_way)):
            lanes.start(message)
        if time.monotonic() - counted > _COUNT_EVERY:
            await _count(engine)
            counted = time.monotonic()
        await asyncio.sleep(_SOON)
        await _first(stop, lanes.ended, _EVERY)


async def _lease(engine: Engine, under_way: int) -> list[Message]:
    """What is due. Half of all that may be under way is kept for endpoints with nothing under way yet."""
    lane = LANE if under_way < _AT_ONCE // 2 else 1

    def work() -> list[Message]:
        with engine.begin() as connection:
            return outbox.lease(connection, _AT_ONCE - under_way, lane)

    try:
        return await asyncio.to_thread(work)
    except DatabaseError as error:
        _log.warning("deliver.later", reason=str(error).splitlines()[0], kept="all messages wait in the outbox")
        await asyncio.sleep(2)
        return []


async def _note(engine: Engine, finished: Sequence[tuple[Message, Attempt]]) -> None:
    def work() -> None:
        with engine.begin() as connection:
            outbox.note(connection, finished)

    if not finished:
        return
    try:
        await asyncio.to_thread(work)
    except DatabaseError as error:
        reason = str(error).splitlines()[0]
        _log.warning("deliver.unnoted", reason=reason, messages=len(finished), again="when their lease is over")


async def _count(engine: Engine) -> None:
    def work() -> None:
        with engine.begin() as connection:
            metrics.OUTBOX_WAITING.set(outbox.waiting(connection))

    try:
        await asyncio.to_thread(work)
    except DatabaseError as error:
        _log.warning("deliver.uncounted", reason=str(error).splitlines()[0])


async def _first(one: asyncio.Event, other: asyncio.Event, seconds: float) -> None:
    """Waits until either is set, at most so long."""
    waits = [asyncio.create_task(event.wait()) for event in (one, other)]
    await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
    await asyncio.gather(*waits, return_exceptions=True)

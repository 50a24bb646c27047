"""What runs beside the requests: connecting to Kafka, the heartbeat, the keys."""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable

import structlog

from ingest import body, metrics
from ingest.kafka import Producer
from ingest.migrations import Migrations
from ingest.sink import Sink
from schemas.clock import wall_ms
from schemas.keyreading import EVERY, KeyReader

_log = structlog.get_logger()
BEAT_SECONDS = 1.0
_REFRESH_BEATS = 15


async def pulse(producer: Producer, sink: Sink) -> None:
    """Connects, however long it takes and as often as it takes; a heartbeat a second while connected."""
    beats: set[asyncio.Task[None]] = set()
    for number in itertools.count(1):
        if not producer.connected:
            await guarded(producer.connect)
        else:
            beat = asyncio.create_task(sink.beat())
            beats.add(beat)
            beat.add_done_callback(beats.discard)
            sink.watch()
            if number % _REFRESH_BEATS == 0:
                await guarded(producer.refresh)
        await asyncio.sleep(BEAT_SECONDS)


async def refresh_keys(keys: KeyReader) -> None:
    """Reads the keys again and again, so that a revoked one ends within seconds."""
    while True:
        metrics.KEYS.set(len(keys.ring))
        metrics.KEYS_READ.set(wall_ms() / 1000 - keys.age)
        await asyncio.sleep(EVERY)
        await asyncio.to_thread(keys.refresh)


async def hurry_bodies() -> None:
    """Ends requests whose body does not come."""
    while True:
        await asyncio.sleep(BEAT_SECONDS)
        body.hurry(time.monotonic())


async def close_migrations(migrations: Migrations) -> None:
    """Closes again and again what has gone quiet."""
    while True:
        await asyncio.sleep(BEAT_SECONDS)
        await guarded(migrations.close_quiet)


async def guarded(step: Callable[[], Awaitable[None]]) -> None:
    """Runs a step whose failure is no reason to end."""
    try:
        await step()
    except Exception as error:  # noqa: BLE001 - it is tried again; the log says what it was
        _log.warning("a step in the background failed; it is tried again", error=repr(error)[:300])

"""What runs in a worker, and on which topic: wiring only."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import faust
import structlog
from faust.types import TP

from schemas.errors import EbbtideError, UnavailableError
from schemas.topics import EVENTS, REJECTED, TICKS
from streams import defining, delivery, evaluation, rejections, ticking, upkeep, waking
from streams.folding.runner import Fetched
from streams.leaving import leave
from streams.transport import App
from streams.watching import Watch, assignment
from streams.worker import Worker

_log = structlog.get_logger()


def wire(app: App, worker: Worker) -> Watch:
    """Adds the agents and background tasks; returns the one that knows whether all get on."""
    watch = Watch(worker, lambda: assignment(app))
    _agents(app, worker)
    runner, settings = worker.runner, worker.settings
    _background(app, "fold", runner.run)
    _background(app, "watch", watch.run)
    _background(app, "tick", lambda: ticking.tick(worker, _owns_first(app, worker), _sender(app, worker)))
    _background(app, "define", lambda: defining.define(worker, _owns_first(app, worker)))
    _background(app, "strays", lambda: upkeep.take_in_strays(worker))
    _background(app, "resolve", lambda: upkeep.resolve_waiting(worker))
    _background(app, "complete", lambda: upkeep.complete_paths(worker))
    _background(app, "wake", lambda: waking.wake(worker))
    _background(app, "digests", lambda: waking.tell_weeks(worker))
    if settings.compact_every:
        _background(app, "compact", lambda: upkeep.compact(worker))
    _background(app, "deliver", lambda: delivery.run(worker.database.engine, settings, asyncio.Event()))
    return watch


def _agents(app: App, worker: Worker) -> None:
    events = app.topic(*worker.folded_topics, value_serializer="raw", key_serializer="raw")
    refused = app.topic(worker.topic(REJECTED), value_serializer="raw", key_serializer="raw")
    ticks = app.topic(worker.topic(TICKS), value_serializer="raw", key_serializer="raw")
    numbers = worker.folded_topics

    @app.agent(events, name="fold")
    async def fold(stream: Any) -> None:
        async for event in stream.noack().events():
            tp, records = event.message.tp, event.value
            size = sum(len(value) for _, value in records)
            await worker.runner.put(Fetched((numbers[tp.topic], tp.partition), records, size, event.ack))

    @app.agent(refused, name="reject")
    async def reject(stream: Any) -> None:
        async for event in stream.noack().events():
            keep = rejections.keep, worker.database, event.message.tp.partition, event.value, worker.clock.now()
            await _or_leave("reject", worker.runner.patiently(*keep))
            event.ack()

    @app.agent(ticks, name="evaluate")
    async def evaluate(stream: Any) -> None:
        async for event in stream.noack().events():
            for workspace, watermark in ticking.newest(event.value).items():
                await _evaluate(worker, workspace, watermark)
            event.ack()


async def _evaluate(worker: Worker, workspace: int, watermark: int) -> None:
    """Evaluates one workspace; what fails is tried again with the next tick."""
    engine, now = worker.database.engine, worker.clock.datetime()
    try:
        await asyncio.to_thread(evaluation.evaluate, engine, workspace, watermark, now, worker.rules.current())
    except Exception:  # noqa: BLE001 - one workspace's trouble must not hold up the others
        _log.exception("evaluate.failed", workspace=workspace, again="with the next tick")


def _background(app: faust.App, name: str, run: Callable[[], Awaitable[None]]) -> None:
    async def background() -> None:
        await _or_leave(name, run())

    background.__name__ = background.__qualname__ = name
    app.task(background)


async def _or_leave(name: str, work: Awaitable[None]) -> None:
    try:
        await work
    except UnavailableError as error:
        leave(f"{name}: {error} Patience is spent; nothing is lost, what was read is read again.")
    except EbbtideError as error:
        leave(f"{name}: {error}")
    except Exception as error:  # noqa: BLE001 - an agent's exception would count as an acknowledgement
        leave(f"{name} failed; nothing is lost, what was read is read again", error)


def _owns_first(app: faust.App, worker: Worker) -> Callable[[], bool]:
    first = TP(worker.topic(EVENTS), 0)
    return lambda: first in assignment(app)


def _sender(app: faust.App, worker: Worker) -> Callable[[bytes, bytes], Awaitable[Any]]:
    ticks = worker.topic(TICKS)
    return lambda key, value: app.send(ticks, key=key, value=value, key_serializer="raw", value_serializer="raw")

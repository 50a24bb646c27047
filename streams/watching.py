"""Lag, readiness, and the watchdog: a worker that does not get on ends itself."""

import asyncio
import time
from collections.abc import Callable

import faust
from faust.exceptions import ConsumerNotStarted
from faust.types import TP

from schemas.database.partitions import positions
from schemas.errors import UnavailableError
from streams import metrics
from streams.leaving import leave
from streams.worker import Worker

_EVERY = 2.0


def assignment(app: faust.App) -> set[TP]:
    """The partitions this worker owns now."""
    try:
        return set(app.consumer.assignment())
    except (ConsumerNotStarted, AttributeError):
        return set()


def lag(app: faust.App, worker: Worker) -> dict[TP, int]:
    """How many records of each owned partition are not folded yet."""
    runner, found = worker.runner, {}
    for tp in assignment(app):
        key = worker.folded_topics.get(tp.topic, -1), tp.partition
        if key in runner.partitions:
            found[tp] = max(0, (app.consumer.highwater(tp) or 0) - runner.reached(key))
    return found


async def watch(worker: Worker, measure: Callable[[], dict[TP, int]]) -> None:
    """Publishes the lag; ends the worker where there is some and the fold has not got on for its patience."""
    patience = worker.settings.patience
    known: set[TP] = set()
    caught_up_at = time.monotonic()
    while True:
        await asyncio.sleep(_EVERY)
        found = measure()
        for tp in known - found.keys():
            metrics.LAG.remove(tp.topic, str(tp.partition))
        for tp, records in found.items():
            metrics.LAG.labels(tp.topic, str(tp.partition)).set(records)
        known = set(found)
        if not sum(found.values()):
            caught_up_at = time.monotonic()
        idle = time.monotonic() - max(worker.runner.progress_at, caught_up_at)
        if idle > patience:
            leave(f"{sum(found.values())} records wait and nothing was folded for {idle:.0f} s")


def missing(app: faust.App, worker: Worker) -> str:
    """What keeps the worker from being ready: an empty string where nothing does."""
    if app.rebalancing or not worker.runner.begun:
        return "partitions are being assigned"
    try:
        with worker.database.reading() as connection:
            positions(connection, [(0, 0)])
    except UnavailableError as error:
        return str(error)
    return ""

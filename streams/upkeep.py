"""What a worker does besides folding: strays, waiting events, completed paths, compaction, and old rows."""

import asyncio
import time
from contextlib import suppress
from datetime import timedelta

import structlog

from schemas.behaviors import LONGEST_SPAN
from schemas.clock import DAY_MS, HOUR_MS
from schemas.database import outbox
from schemas.database.compaction import compact_day, expire_ids, expire_windows
from schemas.database.partitions import known_partitions
from schemas.database.paths import expire_steps
from schemas.database.watermark import watermark
from schemas.errors import FencedError, UnavailableError
from schemas.topics import EVENTS, TOPIC_CODES
from streams import metrics
from streams.folding.completing import complete
from streams.folding.resolving import resolve
from streams.folding.straying import take_in
from streams.worker import Worker

_log = structlog.get_logger()
_RESOLVE_EVERY = _COMPLETE_EVERY = _TAKE_IN_EVERY = 2.0
_IDS_KEPT_MS = 49 * HOUR_MS
_MONTH_DAYS = 30.44


async def resolve_waiting(worker: Worker) -> None:
    """Every two seconds, and as soon as somebody joined an account: folds what waited for it."""
    runner = worker.runner
    while True:
        with suppress(TimeoutError):
            await asyncio.wait_for(runner.joined.wait(), _RESOLVE_EVERY)
        runner.joined.clear()
        try:
            while await _resolve(worker):
                pass
        except FencedError as error:
            _log.warning("resolve.again", reason=str(error))
        except UnavailableError as error:
            _log.warning("resolve.later", reason=str(error))


async def _resolve(worker: Worker) -> int:
    runner = worker.runner
    if not all(one.active for one in runner.declared):
        return 0  # a rebuild leaves waiting events out, so they wait for it
    async with runner.lock:
        owned = sorted(runner.partitions)
        done = await asyncio.to_thread(resolve, runner.folder, owned, worker.clock.now(), time.monotonic())
    metrics.RESOLVED.inc(done)
    return done


async def complete_paths(worker: Worker) -> None:
    """Every two seconds, and as soon as users got on along a path: works out what they have completed."""
    runner = worker.runner
    while True:
        with suppress(TimeoutError):
            await asyncio.wait_for(runner.stepped.wait(), _COMPLETE_EVERY)
        runner.stepped.clear()
        try:
            while done := await asyncio.to_thread(complete, worker.database):
                metrics.WALKS.inc(done)
        except UnavailableError as error:
            _log.warning("complete.later", reason=str(error))


async def take_in_strays(worker: Worker) -> None:
    """Every two seconds, and as soon as there are some: counts events whose records lie in other partitions."""
    runner = worker.runner
    while True:
        with suppress(TimeoutError):
            await asyncio.wait_for(runner.strayed.wait(), _TAKE_IN_EVERY)
        runner.strayed.clear()
        try:
            while await _take_in(worker):
                pass
        except FencedError as error:
            _log.warning("strays.again", reason=str(error))
        except UnavailableError as error:
            _log.warning("strays.later", reason=str(error))


async def _take_in(worker: Worker) -> bool:
    runner = worker.runner
    async with runner.lock:
        owned = sorted(runner.partitions)
        folded = await asyncio.to_thread(take_in, runner.folder, owned, worker.clock.now(), time.monotonic())
    if folded is not None:
        runner.note(folded)
        metrics.STRAYS.inc(folded.events)
    return folded is not None


async def compact(worker: Worker) -> None:
    """Every few minutes, in small steps: one row where several are, for hours that are closed; and old rows dropped."""
    first = True
    while True:
        await asyncio.sleep(worker.settings.compact_every)
        try:
            await asyncio.to_thread(_expire, worker)
            if first:
                worker.runner.touched |= await asyncio.to_thread(_yesterday, worker)
                first = False
            for place in sorted(worker.runner.touched):
                await _compact(worker, *place)
        except UnavailableError as error:
            _log.warning("compact.later", reason=str(error))


async def _compact(worker: Worker, topic: int, partition: int, day: int) -> None:
    reached = await asyncio.to_thread(_watermark, worker)
    until = (reached // HOUR_MS - 1) * HOUR_MS
    if (topic, partition) not in worker.runner.partitions or until <= day * DAY_MS:
        return
    while gone := await asyncio.to_thread(compact_day, worker.database, topic, partition, day, until):
        metrics.COMPACTED.inc(gone)
    if until >= (day + 1) * DAY_MS:
        worker.runner.touched.discard((topic, partition, day))


def _yesterday(worker: Worker) -> set[tuple[int, int, int]]:
    """The last two days of every live partition: an earlier worker may have left them."""
    today = worker.clock.now() // DAY_MS
    with worker.database.reading() as connection:
        partitions = known_partitions(connection, TOPIC_CODES[EVENTS])
    return {(TOPIC_CODES[EVENTS], partition, day) for partition in partitions for day in (today - 1, today)}


def _expire(worker: Worker) -> None:
    now, months = worker.clock.now(), worker.settings.windows_months
    expire_ids(worker.database, now, _IDS_KEPT_MS)
    before = None if months is None else now - round(months * _MONTH_DAYS * DAY_MS)
    if before is not None:
        expire_windows(worker.database, before)
    # A path that ends in the oldest windows may have begun before them, by as much as the longest path takes.
    expire_steps(worker.database, None if before is None else before - LONGEST_SPAN)
    _expire_messages(worker)


def _expire_messages(worker: Worker) -> None:
    gone, kept = 1, timedelta(days=worker.settings.webhooks_days)
    while gone:
        with worker.database.writing() as connection:
            gone = outbox.expire(connection, kept)


def _watermark(worker: Worker) -> int:
    with worker.database.reading() as connection:
        return watermark(connection) or 0

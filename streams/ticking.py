"""Ticks: one for each workspace whose windows may be evaluated further, or again."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec
import structlog

from schemas.clock import HOUR_MS, to_datetime
from schemas.database.sessions import Database
from schemas.database.watermark import Due, progress_of_all, watermark
from schemas.errors import UnavailableError
from streams import metrics
from streams.worker import Worker

_log = structlog.get_logger()
_EVERY = 1.0
_AGAIN = 5.0  # seconds until the same hour is asked for again: an evaluation may have failed


class Tick(msgspec.Struct, frozen=True):
    """The value of a record on topic `ticks`."""

    workspace: int
    watermark: int


_decode = msgspec.json.Decoder(Tick).decode


async def tick(worker: Worker, owns: Callable[[], bool], send: Callable[[bytes, bytes], Awaitable[Any]]) -> None:
    """Every second, in the one worker that owns the first partition: sends ticks to the workspaces that are due."""
    sent: dict[int, tuple[int, float]] = {}
    while True:
        await asyncio.sleep(_EVERY)
        if not owns():
            continue
        try:
            reached, all_progress = await asyncio.to_thread(_look, worker.database)
        except UnavailableError as error:
            _log.warning("tick.later", reason=str(error))
            continue
        metrics.WATERMARK_DELAY.set((worker.clock.now() - reached) / 1000 if reached else 0)
        for progress in all_progress:
            hour = (reached or 0) // HOUR_MS
            last_hour, last_at = sent.get(progress.workspace, (-1, 0.0))
            fresh = hour == last_hour and time.monotonic() - last_at < _AGAIN
            if is_due(progress, reached) and not fresh:
                sent[progress.workspace] = hour, time.monotonic()
                value = msgspec.json.encode(Tick(progress.workspace, reached or 0))
                await send(str(progress.workspace).encode(), value)
                metrics.TICKS.inc()


def is_due(progress: Due, reached: int | None) -> bool:
    """Whether a workspace is behind the watermark's hour, or something behind it has changed and has all come."""
    if progress.history_closed and progress.history_dirty_from:
        return True
    if reached is None:
        return False
    hour = to_datetime(reached // HOUR_MS * HOUR_MS)
    changed = progress.dirty_from is not None and not progress.coming
    return changed or progress.evaluated_to is None or progress.evaluated_to < hour


def newest(records: Sequence[tuple[int, bytes]]) -> dict[int, int]:
    """The newest watermark for each workspace among fetched ticks; what can't be read is no tick."""
    found: dict[int, int] = {}
    for _, value in records:
        try:
            one = _decode(value)
        except msgspec.MsgspecError:
            _log.warning("tick.unreadable", bytes=len(value))
            continue
        found[one.workspace] = max(one.watermark, found.get(one.workspace, 0))
    return found


def _look(database: Database) -> tuple[int | None, list[Due]]:
    with database.reading() as connection:
        return watermark(connection), progress_of_all(connection)

"""What time alone brings: snoozes and silences end, digests are due. Any worker may do it; each comes once."""

import asyncio
from collections.abc import Callable

import structlog

from schemas.database import digests, handling, muting, nudges, segments
from schemas.errors import UnavailableError
from streams.worker import Worker

_EVERY, _DIGESTS_EVERY = 2.0, 60.0
_log = structlog.get_logger()


async def wake(worker: Worker) -> None:
    """Every two seconds: ends snoozes, begins and ends silences."""
    await _again("wake", _EVERY, lambda: _wake(worker))


async def tell_weeks(worker: Worker) -> None:
    """Every minute: writes digests and nudges that are due, and counts what has changed of segments."""
    await _again("digests", _DIGESTS_EVERY, lambda: _digests(worker))


async def _again(name: str, seconds: float, work: Callable[[], None]) -> None:
    while True:
        try:
            await asyncio.to_thread(work)
        except UnavailableError as error:
            _log.warning(f"{name}.later", reason=str(error))
        await asyncio.sleep(seconds)


def _wake(worker: Worker) -> None:
    now = worker.clock.datetime()
    with worker.database.writing() as connection:
        muting.begin_and_end(connection, now)
    with worker.database.writing() as connection:
        handling.wake(connection, now)


def _digests(worker: Worker) -> None:
    with worker.database.writing() as connection:
        digests.due(connection, worker.clock.datetime())
    with worker.database.writing() as connection:
        nudges.due(connection, worker.clock.datetime())
    with worker.database.writing() as connection:
        segments.count_all(connection)

"""Bugs of the collector."""

import asyncio
import itertools
from typing import Any

from ingest.commits import Commit
from ingest.sink import Sink


def answered_too_early() -> None:
    """The collector answers 200 before Kafka has the events."""
    honest, later = Sink.keep, set[Any]()

    async def keep(self: Any, *arguments: Any) -> None:
        async def soon() -> None:
            await asyncio.sleep(1)
            await honest(self, *arguments)

        task = asyncio.create_task(soon())
        later.add(task)
        task.add_done_callback(later.discard)

    Sink.keep = keep  # type: ignore[method-assign]


def event_dropped() -> None:
    """One event of each fifth request gets lost on the way into its record."""
    honest, calls = Commit.add, itertools.count(1)

    def add(self: Any, stream: Any, events: Any, *more: Any) -> None:
        honest(self, stream, events[1:] if next(calls) % 5 == 0 else events, *more)

    Commit.add = add  # type: ignore[method-assign]

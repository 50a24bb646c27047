"""The end of a migration from PostHog, whose clients mark events as `historical_migration` and never say: the last.

So it is over when nothing more has come for a while, or when the collector ends. What comes later is evaluated again.
A replayed row of an import is history that nobody closes, too.
"""

import time
from collections.abc import Callable

import structlog

from ingest.errors import Refusal
from ingest.sink import Sink

MIGRATION = "historical_migration"
_log = structlog.get_logger()


class Migrations:
    """Which workspaces send their history, and when each was last heard of."""

    def __init__(self, sink: Sink, quiet: float, seconds: Callable[[], float] = time.monotonic) -> None:
        self._sink, self._quiet, self._seconds = sink, quiet, seconds
        self._heard: dict[int, float] = {}

    def heard(self, workspace: int) -> None:
        """Historical events of this workspace were kept."""
        self._heard[workspace] = self._seconds()

    async def close_quiet(self) -> None:
        """Closes the migrations that have gone quiet."""
        now = self._seconds()
        await self._close([workspace for workspace, at in self._heard.items() if now - at >= self._quiet])

    async def close_all(self) -> None:
        """Closes every open one: this collector ends."""
        await self._close(list(self._heard))

    async def _close(self, workspaces: list[int]) -> None:
        for workspace in workspaces:
            at = self._heard[workspace]
            try:
                await self._sink.close_import(workspace, f"{MIGRATION}-{self._sink.now}")
            except Refusal as refusal:
                _log.warning("a migration is not closed yet", workspace=workspace, error=refusal.message)
                continue
            if self._heard.get(workspace) == at:
                del self._heard[workspace]

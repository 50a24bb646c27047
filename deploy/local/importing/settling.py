"""Waits until an import is counted and evaluated, as the API's status tells."""

import time
from collections.abc import Callable
from typing import Any

from deploy.local.api import Api
from deploy.local.importing.errors import RefusedError
from schemas.topics import HISTORY

_STABLE = 2.0
_STUCK = 120.0


def history_offsets(client: Api) -> dict[int, int]:
    """How far each partition of the history topic is counted."""
    return _offsets(client.get("/v1/status"))


def wait_until_evaluated(client: Api, before: dict[int, int], tell: Callable[[str], None]) -> None:
    """Returns once every partition has moved on from `before`, stands still, and no history waits for evaluation.

    `tell` hears how far it is. Raises RefusedError where nothing moves for two minutes.
    """
    last: Any = None
    moved_at = time.monotonic()
    while True:
        status = client.get("/v1/status")
        offsets, dirty = _offsets(status), unevaluated_from(status)
        if (offsets, dirty) != last:
            last, moved_at = (offsets, dirty), time.monotonic()
        still = time.monotonic() - moved_at
        counted = bool(offsets) and all(offset > before.get(partition, 0) for partition, offset in offsets.items())
        if counted and dirty is None and still > _STABLE:
            return
        if still > _STUCK:
            raise RefusedError(
                "The events are stored, but nothing is counted or evaluated any more; is a worker running? "
                "`ebbtide status` tells. It goes on by itself once one does."
            )
        tell(f"Evaluating history from {dirty[:10]} …" if counted and dirty else "Counting …")
        time.sleep(0.5)


def unevaluated_from(status: dict[str, Any]) -> str | None:
    """From when on history waits for its evaluation, or is being evaluated; None when all of it is."""
    found = status["history_dirty_from"] or status["pending_from"]
    return None if found is None else str(found)


def _offsets(status: dict[str, Any]) -> dict[int, int]:
    return {one["partition"]: one["next_offset"] for one in status["partitions"] if one["topic"] == HISTORY}

"""From where on a workspace must be evaluated again, since what was behind the watermark has changed."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, func, update

from schemas.clock import to_datetime
from schemas.database.rows import Late
from schemas.database.tables import progress
from schemas.topics import HISTORY, TOPIC_CODES


def mark_late(connection: Connection, late: Sequence[Late]) -> None:
    """Notes from where each workspace must be evaluated again."""
    for row in sorted(late):
        history = row.topic == TOPIC_CODES[HISTORY]
        column = progress.c.history_dirty_from if history else progress.c.dirty_from
        values: dict[Any, Any] = {column: func.least(column, to_datetime(row.hour))}
        if not history:
            values |= {progress.c.late_since: func.coalesce(progress.c.late_since, func.now())}
            values |= {progress.c.late_at: func.now()}
        connection.execute(update(progress).where(progress.c.workspace == row.workspace).values(values))

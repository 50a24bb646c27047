"""How far the pipeline is, for all workspaces: everything before the watermark has been folded, late data aside."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from schemas.clock import to_ms
from schemas.database.tables import offsets, progress
from schemas.topics import EVENTS, TOPIC_CODES

LATENESS_MS = 15 * 60_000


class Due(NamedTuple):
    """How far one workspace is evaluated, and from where it must be again."""

    workspace: int
    evaluated_to: datetime | None
    dirty_from: datetime | None
    history_dirty_from: datetime | None
    history_closed: bool


def watermark(connection: Connection) -> int | None:
    """Milliseconds since the epoch; None until every partition has had a heartbeat."""
    row = connection.execute(
        select(func.min(offsets.c.heartbeat_at), func.count(), func.count(offsets.c.heartbeat_at)).where(
            offsets.c.topic == TOPIC_CODES[EVENTS]
        )
    ).one()
    earliest, partitions, beating = row
    return None if not partitions or beating < partitions else to_ms(earliest) - LATENESS_MS


def progress_of_all(connection: Connection) -> list[Due]:
    """How far every workspace is."""
    columns = (progress.c[name] for name in Due._fields)
    return [Due(*row) for row in connection.execute(select(*columns).order_by(progress.c.workspace))]

"""How far the pipeline is, for all workspaces: everything before the watermark has been folded, late data aside."""

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, and_, func, select

from schemas.clock import to_ms
from schemas.database.tables import offsets, progress
from schemas.topics import EVENTS, TOPIC_CODES

LATENESS_MS = 15 * 60_000
# A bulk of late data is judged when none has come for a while, or when it has been coming for long: half of it would
# set off alerts that the other half takes back.
_SETTLES = timedelta(seconds=10)
_AT_LAST = timedelta(minutes=10)
coming = func.coalesce(
    and_(progress.c.late_at > func.now() - _SETTLES, progress.c.late_since > func.now() - _AT_LAST), False
)


class Due(NamedTuple):
    """How far one workspace is evaluated, and from where it must be again; `coming`: late data still comes in."""

    workspace: int
    evaluated_to: datetime | None
    dirty_from: datetime | None
    history_dirty_from: datetime | None
    history_closed: bool
    coming: bool


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
    names = ("workspace", "evaluated_to", "dirty_from", "history_dirty_from", "history_closed")
    columns = [progress.c[name] for name in names]
    query = select(*columns, coming.label("coming")).order_by(progress.c.workspace)
    return [Due(**row) for row in connection.execute(query).mappings()]

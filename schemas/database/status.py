"""How far the pipeline is, and whether the database is ready."""

from functools import lru_cache
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, select, text

from schemas.clock import to_datetime
from schemas.database.accounts import CLOSED, TOLD
from schemas.database.tables import accounts, alerts, offsets, outbox, progress, rejected, unassigned
from schemas.database.watermark import watermark
from schemas.topics import TOPIC_CODES

_NAMES = {code: name for name, code in TOPIC_CODES.items()}


def status(connection: Connection, workspace: int) -> dict[str, Any]:
    """Watermark, each partition's place, how far the workspace is evaluated, and counts."""
    partitions = [_partition(row) for row in connection.execute(select(offsets).order_by(*offsets.primary_key))]
    moment = watermark(connection)
    known = ("evaluated_to", "dirty_from", "pending_from", "history_dirty_from", "history_closed")
    columns = [progress.c[name] for name in known]
    of_workspace = connection.execute(select(*columns).where(progress.c.workspace == workspace)).mappings().first()
    return {
        "watermark": None if moment is None else to_datetime(moment),
        **(dict(of_workspace) if of_workspace else dict.fromkeys(column.name for column in columns)),
        "history_closed": bool(of_workspace and of_workspace["history_closed"]),
        "partitions": partitions,
        "counts": _counts(connection, workspace),
    }


def _partition(row: Any) -> dict[str, Any]:
    return {
        "topic": _NAMES.get(row.topic, str(row.topic)),
        "partition": row.partition,
        "next_offset": row.next_offset,
        "heartbeat_at": row.heartbeat_at,
        "updated_at": row.updated_at,
    }


def _counts(connection: Connection, workspace: int) -> dict[str, int]:
    def count(table: Any, *where: Any) -> Any:
        return select(func.count()).select_from(table).where(table.c.workspace == workspace, *where).scalar_subquery()

    row = connection.execute(
        select(
            count(accounts).label("accounts"),
            count(alerts, alerts.c.state.not_in(CLOSED), TOLD).label("open_alerts"),
            count(rejected).label("rejected"),
            count(unassigned).label("unassigned"),
            count(outbox, outbox.c.state == "waiting").label("webhooks_waiting"),
            count(outbox, outbox.c.state == "failed").label("webhooks_failed"),
        )
    )
    return dict(row.mappings().one())


def is_migrated(connection: Connection) -> bool:
    """Whether the database has the newest schema."""
    if connection.scalar(text("SELECT to_regclass('alembic_version')")) is None:
        return False
    return str(connection.scalar(text("SELECT version_num FROM alembic_version"))) == _newest()


@lru_cache(maxsize=1)
def _newest() -> str | None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return ScriptDirectory.from_config(config).get_current_head()

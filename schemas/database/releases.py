"""Releases: changes of the product that may disturb what customers do."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from schemas.database import paging
from schemas.database.tables import releases

_SHOWN = tuple(releases.c[name] for name in ("release", "released_at", "behaviors", "accounts", "notes", "recorded_at"))


def put_release(connection: Connection, workspace: int, fields: dict[str, Any]) -> dict[str, Any]:
    """Marks a release; marking it again corrects it."""
    changed = {name: value for name, value in fields.items() if name != "release"}
    row = connection.execute(
        insert(releases)
        .values(workspace=workspace, **fields)
        .on_conflict_do_update(index_elements=("workspace", "release"), set_=changed)
        .returning(*_SHOWN)
    )
    return dict(row.mappings().one())


def list_releases(connection: Connection, workspace: int, limit: int, cursor: str | None) -> paging.Page:
    """A page of releases, the newest first."""
    query = select(*_SHOWN).where(releases.c.workspace == workspace)
    values = paging.decode(cursor, (datetime, str)) if cursor else None
    key = (releases.c.released_at, releases.c.release)
    query = paging.after(query, key, values, descending=True).limit(limit + 1)
    return paging.page(list(connection.execute(query).mappings()), limit, ("released_at", "release"))

"""Reading what could not be counted, with its reason and as it came."""

import base64
from typing import Any

from sqlalchemy import Connection, select

from schemas.clock import to_ms
from schemas.database import paging
from schemas.database.tables import rejected
from schemas.errors import NotFoundError

_SHOWN = tuple(
    rejected.c[name]
    for name in ("id", "stage", "code", "field", "message", "message_id", "raw", "received_at", "recorded_at")
)


def list_rejected(
    connection: Connection, workspace: int, code: str | None, limit: int, cursor: str | None
) -> paging.Page:
    """A page of refused events, the newest first."""
    query = select(*_SHOWN).where(rejected.c.workspace == workspace)
    if code:
        query = query.where(rejected.c.code == code)
    values = paging.decode(cursor, (int,)) if cursor else None
    query = paging.after(query, (rejected.c.id,), values, descending=True).limit(limit + 1)
    return paging.page([_readable(row) for row in connection.execute(query).mappings()], limit, ("id",))


def rejected_event(connection: Connection, workspace: int, number: int) -> dict[str, Any]:
    """One refused event; raises NotFoundError where the workspace has none of that number."""
    query = select(*_SHOWN).where(rejected.c.workspace == workspace, rejected.c.id == number)
    row = connection.execute(query).mappings().first()
    if row is None:
        raise _missing(number)
    return _readable(row)


def as_received(connection: Connection, workspace: int, number: int) -> tuple[bytes, int]:
    """One refused event's bytes, and when it was received (ms). Raises NotFoundError."""
    query = select(rejected.c.raw, rejected.c.received_at).where(
        rejected.c.workspace == workspace, rejected.c.id == number
    )
    row = connection.execute(query).first()
    if row is None:
        raise _missing(number)
    return bytes(row.raw), to_ms(row.received_at)


def _missing(number: int) -> NotFoundError:
    return NotFoundError(f"There is no rejected event {number} in this workspace.")


def _readable(row: Any) -> dict[str, Any]:
    raw = bytes(row["raw"])
    try:
        return dict(row) | {"raw": raw.decode(), "raw_encoding": "utf-8"}
    except UnicodeDecodeError:
        return dict(row) | {"raw": base64.b64encode(raw).decode(), "raw_encoding": "base64"}

"""Webhook endpoints, and what became of each delivery."""

import base64
import secrets
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from schemas.database import paging
from schemas.database.tables import attempts, endpoints, outbox
from schemas.errors import NotFoundError

_SHOWN = tuple(endpoints.c[name] for name in ("id", "url", "event_types", "description", "state", "recorded_at"))


def create_endpoint(connection: Connection, workspace: int, fields: dict[str, Any]) -> dict[str, Any]:
    """Stores an endpoint; the answer is the only one that holds its secret (`whsec_` and 32 random bytes)."""
    secret = f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"
    new = {"id": f"ep_{secrets.token_hex(12)}", "workspace": workspace, "secret": secret}
    row = connection.execute(insert(endpoints).values(**new, **fields).returning(*_SHOWN))
    return dict(row.mappings().one()) | {"secret": secret}


def list_endpoints(connection: Connection, workspace: int) -> list[dict[str, Any]]:
    """A workspace's endpoints, the oldest first, without secrets."""
    query = select(*_SHOWN).where(endpoints.c.workspace == workspace).order_by(endpoints.c.recorded_at, endpoints.c.id)
    return [dict(row) for row in connection.execute(query).mappings()]


def update_endpoint(connection: Connection, workspace: int, endpoint: str, fields: dict[str, Any]) -> dict[str, Any]:
    """Changes what `fields` names; raises NotFoundError where the workspace has no such endpoint."""
    of = (endpoints.c.workspace == workspace, endpoints.c.id == endpoint)
    if fields:
        connection.execute(update(endpoints).where(*of).values(**fields))
    return _found(connection.execute(select(*_SHOWN).where(*of)).mappings().first(), endpoint)


def delete_endpoint(connection: Connection, workspace: int, endpoint: str) -> None:
    """Removes an endpoint and what waited for it; raises NotFoundError where the workspace has no such endpoint."""
    of = (endpoints.c.workspace == workspace, endpoints.c.id == endpoint)
    _found(connection.execute(delete(endpoints).where(*of).returning(endpoints.c.id)).mappings().first(), endpoint)


def list_attempts(connection: Connection, workspace: int, endpoint: str, limit: int, cursor: str | None) -> paging.Page:
    """A page of attempts to deliver to one endpoint, the newest first."""
    update_endpoint(connection, workspace, endpoint, {})
    query = (
        select(
            attempts.c.id, attempts.c.at, attempts.c.status, attempts.c.seconds, attempts.c.error,
            attempts.c.response, outbox.c.webhook_id, outbox.c.episode.label("alert"), outbox.c.event_type,
            outbox.c.state,
        )
        .join(outbox, outbox.c.id == attempts.c.outbox)
        .where(outbox.c.endpoint == endpoint, outbox.c.workspace == workspace)
    )  # fmt: skip
    values = paging.decode(cursor, (int,)) if cursor else None
    query = paging.after(query, (attempts.c.id,), values, descending=True).limit(limit + 1)
    return paging.page(list(connection.execute(query).mappings()), limit, ("id",))


def _found(row: Any, endpoint: str) -> dict[str, Any]:
    if row is None:
        raise NotFoundError(f"There is no webhook endpoint {endpoint!r} in this workspace.")
    return dict(row)

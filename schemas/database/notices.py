"""Messages about endpoints themselves: a test that somebody asked for, and that one was disabled."""

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from schemas.database.tables import endpoints
from schemas.database.telling import News, put, tell
from schemas.messages import EndpointData, text_of
from schemas.receivers import without_secrets


def send_test(connection: Connection, workspace: int, endpoint: str) -> str:
    """Puts a test message into an endpoint's outbox, whatever it filters; returns its webhook-id."""
    return put(connection, workspace, endpoint, _news(connection, "endpoint.test", endpoint))


def tell_disabled(connection: Connection, endpoint: str, why: str) -> None:
    """Tells the workspace's other endpoints, and topic `alerts`, that one was disabled."""
    columns = select(endpoints.c.workspace, endpoints.c.receiver, endpoints.c.url)
    of = connection.execute(columns.where(endpoints.c.id == endpoint)).one()
    url, _ = without_secrets(of.receiver, of.url, {})
    news = _news(connection, "endpoint.disabled", endpoint, url=url, reason=why)
    tell(connection, of.workspace, [news], but=endpoint)


def _news(connection: Connection, event_type: str, endpoint: str, **more: Any) -> News:
    """Each is an episode of its own, so that its webhook-id comes never again."""
    now: datetime = connection.execute(select(func.now())).scalar_one()
    payload = text_of(event_type, EndpointData(id=endpoint, **more), now)
    return News(event_type, payload, f"{endpoint}.{secrets.token_hex(8)}", 1, fingerprint=endpoint)

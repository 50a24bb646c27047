"""Messages that are no alert's: tests of endpoints, that one was disabled, digests."""

from typing import Any

from sqlalchemy import Connection, func, insert, select

from schemas.database.tables import endpoints, outbox
from schemas.webhooks import Wanted, notice, webhook_id


def send_test(connection: Connection, workspace: int, endpoint: str) -> str:
    """Puts a test message into an endpoint's outbox, whatever it filters; returns its webhook-id."""
    return _put(connection, workspace, endpoint, endpoint, notice("endpoint.test", {"id": endpoint}))


def tell_disabled(connection: Connection, endpoint: str, why: str) -> None:
    """Tells the workspace's other endpoints, and topic `alerts`, that one was disabled."""
    of = connection.execute(select(endpoints.c.workspace, endpoints.c.url).where(endpoints.c.id == endpoint)).one()
    text = notice("endpoint.disabled", {"id": endpoint, "url": of.url, "reason": why})
    others = select(endpoints.c.id, endpoints.c.event_types).where(
        endpoints.c.workspace == of.workspace,
        endpoints.c.id != endpoint,
        endpoints.c.state.in_(("enabled", "internal")),
    )
    for other, event_types in connection.execute(others).all():
        if Wanted(event_types).hears("endpoint.disabled"):
            _put(connection, of.workspace, other, endpoint, text)


def tell(
    connection: Connection, workspace: int, about: str, event_type: str, data: dict[str, Any], csm: str | None = None
) -> None:
    """Tells the endpoints that want to hear of it, and topic `alerts`, what is no alert; `csm`: whose it is."""
    query = select(endpoints.c.id, endpoints.c.event_types, endpoints.c.csms).where(
        endpoints.c.workspace == workspace, endpoints.c.state.in_(("enabled", "internal"))
    )
    for to, event_types, csms in connection.execute(query.order_by(endpoints.c.id)).all():
        if Wanted(event_types).hears(event_type) and (not csms or csm in csms):
            _put(connection, workspace, to, about, notice(event_type, data))


def _put(connection: Connection, workspace: int, to: str, about: str, text: tuple[str, str]) -> str:
    """One more message in the series that an endpoint gets about another, or about itself."""
    event_type, payload = text
    series = select(func.coalesce(func.max(outbox.c.sequence), 0) + 1)
    sequence = connection.scalar(series.where(outbox.c.endpoint == to, outbox.c.episode == about)) or 1
    sent = webhook_id(to, about, sequence)
    row = {"workspace": workspace, "endpoint": to, "episode": about, "sequence": sequence, "webhook_id": sent}
    connection.execute(insert(outbox).values(**row, event_type=event_type, payload=payload))
    return sent

"""Webhook endpoints, and what became of each delivery."""

import secrets
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from schemas.database import notices, paging
from schemas.database.health import hold, release
from schemas.database.tables import attempts, endpoints, old_keys, outbox
from schemas.errors import ConflictError, NotFoundError
from schemas.receivers import Receiver, settle, without_secrets
from schemas.signing import new_secret, new_signing_key, public_key
from schemas.webhooks import Wanted


def _count(state: str) -> Any:
    """How many of an endpoint's messages are in a state other than delivered."""
    of = select(func.count()).where(outbox.c.endpoint == endpoints.c.id, outbox.c.state == state)
    return of.where(outbox.c.state != "delivered").scalar_subquery()


_OLD_UNTIL = select(func.max(old_keys.c.until)).where(
    old_keys.c.endpoint == endpoints.c.id, old_keys.c.until > func.now()
)
_COLUMNS = ("id", "receiver", "url", "options", *Wanted.__struct_fields__, "description", "state", "failing_since",
            "paused_until", "recorded_at")  # fmt: skip
_COUNTS = [part for state in ("waiting", "failed", "held") for part in (state, _count(state))]
_SHOWN = (
    *(endpoints.c[name] for name in _COLUMNS),
    _OLD_UNTIL.scalar_subquery().label("old_until"),
    func.jsonb_build_object(*_COUNTS).label("messages"),
)
_ROTATING = timedelta(hours=24)
_ROTATIONS = 10  # a day: every key that still signs makes each message's header longer


def create_endpoint(connection: Connection, workspace: int, fields: dict[str, Any]) -> dict[str, Any]:
    """Stores an endpoint; the answer is the only one that holds its secret, with the key that verifies v1a.

    Raises DefinitionError where the receiver needs other options.
    """
    keys, receiver = _new_keys(), Receiver(fields.get("receiver", Receiver.WEBHOOK))
    url, options = settle(receiver, fields.get("url"), fields.get("options") or {})
    endpoint = f"ep_{secrets.token_hex(12)}"
    settled = {"id": endpoint, "workspace": workspace, "receiver": receiver, "url": url, "options": options}
    connection.execute(insert(endpoints).values(fields | keys | settled))
    return get_endpoint(connection, workspace, endpoint) | _told(keys)


def rotate(connection: Connection, workspace: int, endpoint: str) -> dict[str, Any]:
    """Gives an endpoint new keys, told this once; those before sign too, each for 24 hours from its own rotation."""
    _own(connection, workspace, endpoint)
    of = (endpoints.c.workspace == workspace, endpoints.c.id == endpoint)
    query = select(endpoints.c.secret, endpoints.c.signing_key).where(*of).with_for_update()
    row = {"workspace": workspace, "endpoint": endpoint, "until": func.now() + _ROTATING}
    row |= _found(connection.execute(query).mappings().first(), endpoint)
    connection.execute(delete(old_keys).where(old_keys.c.until <= func.now()))
    still = select(func.count()).where(old_keys.c.endpoint == endpoint)
    if connection.scalar(still) >= _ROTATIONS:  # type: ignore[operator]
        raise ConflictError(f"The keys were rotated {_ROTATIONS} times in a day; rotate again once the oldest expired.")
    connection.execute(insert(old_keys).values(row))
    keys = _new_keys()
    return update_endpoint(connection, workspace, endpoint, keys) | _told(keys)


def replay(connection: Connection, workspace: int, endpoint: str, wanted: dict[str, Any]) -> int:
    """Makes finished messages due again, with the webhook-id they had; returns how many.

    `wanted` names one by `webhook_id`, whatever became of it, or those recorded in `[since, until)`; of these `failed`
    takes only the ones that were given up, and those held while the endpoint was disabled.
    """
    _enabled(connection, workspace, endpoint)
    lost = wanted["failed"] and not wanted["webhook_id"]
    query = update(outbox).where(
        outbox.c.workspace == workspace,
        outbox.c.endpoint == endpoint,
        outbox.c.state.in_(("failed", "held") if lost else ("failed", "held", "delivered")),
    )
    if wanted["webhook_id"]:
        query = query.where(outbox.c.webhook_id == wanted["webhook_id"])
    if wanted["since"]:
        query = query.where(outbox.c.recorded_at >= wanted["since"])
    if wanted["until"]:
        query = query.where(outbox.c.recorded_at < wanted["until"])
    again = query.values(state="waiting", attempts=0, next_attempt_at=func.now(), leased_until=None)
    return len(connection.execute(again.returning(outbox.c.id)).all())


def send_test(connection: Connection, workspace: int, endpoint: str) -> str:
    """Sends a test message; returns its webhook-id, under which the attempts show what became of it."""
    _enabled(connection, workspace, endpoint)
    return notices.send_test(connection, workspace, endpoint)


def _enabled(connection: Connection, workspace: int, endpoint: str) -> None:
    if get_endpoint(connection, workspace, endpoint)["state"] == "disabled":
        raise ConflictError(f"The endpoint {endpoint!r} is disabled: nothing is sent to it. Enable it first.")


def _new_keys() -> dict[str, str]:
    return {"secret": new_secret(), "signing_key": new_signing_key()}


def _told(keys: dict[str, str]) -> dict[str, str]:
    return {"secret": keys["secret"], "public_key": public_key(keys["signing_key"])}


def list_endpoints(
    connection: Connection, workspace: int, limit: int, cursor: str | None = None, **equal: str | None
) -> paging.Page:
    """A page of a workspace's endpoints, the oldest first, without secrets; `equal` says what columns must be."""
    wanted = [endpoints.c[name] == value for name, value in equal.items() if value is not None]
    query = select(*_SHOWN).where(endpoints.c.workspace == workspace, *wanted)
    values = paging.decode(cursor, (datetime, str)) if cursor else None
    query = paging.after(query, (endpoints.c.recorded_at, endpoints.c.id), values, descending=False).limit(limit + 1)
    rows = [_shown(row) for row in connection.execute(query).mappings()]
    return paging.page(rows, limit, ("recorded_at", "id"))


def get_endpoint(connection: Connection, workspace: int, endpoint: str) -> dict[str, Any]:
    """One endpoint without its secret; raises NotFoundError where the workspace has none of that id."""
    query = select(*_SHOWN).where(endpoints.c.workspace == workspace, endpoints.c.id == endpoint)
    return _shown(_found(connection.execute(query).mappings().first(), endpoint))


def update_endpoint(connection: Connection, workspace: int, endpoint: str, fields: dict[str, Any]) -> dict[str, Any]:
    """Changes what `fields` names; raises NotFoundError where the workspace has no such endpoint."""
    _own(connection, workspace, endpoint)
    if fields.keys() & {"url", "options"}:
        fields = fields | _settled(connection, endpoint, fields)
    if fields.get("state") == "enabled":
        fields = fields | {"failing_since": None, "paused_until": None}
        release(connection, endpoint)
    if fields:
        connection.execute(update(endpoints).where(endpoints.c.id == endpoint).values(**fields))
    if fields.get("state") == "disabled":
        hold(connection, endpoint)
    return get_endpoint(connection, workspace, endpoint)


def _settled(connection: Connection, endpoint: str, fields: dict[str, Any]) -> dict[str, Any]:
    stored = select(endpoints.c.receiver, endpoints.c.url, endpoints.c.options).where(endpoints.c.id == endpoint)
    all_of = dict(connection.execute(stored).mappings().one()) | fields
    url, options = settle(Receiver(all_of["receiver"]), all_of["url"], all_of["options"])
    return {"url": url, "options": options}


def delete_endpoint(connection: Connection, workspace: int, endpoint: str) -> None:
    """Removes an endpoint and what waited for it; raises NotFoundError where the workspace has no such endpoint."""
    _own(connection, workspace, endpoint)
    connection.execute(delete(endpoints).where(endpoints.c.id == endpoint))


def list_attempts(connection: Connection, workspace: int, endpoint: str, limit: int, cursor: str | None) -> paging.Page:
    """A page of attempts to deliver to one endpoint, the newest first."""
    get_endpoint(connection, workspace, endpoint)
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


def _own(connection: Connection, workspace: int, endpoint: str) -> None:
    """Refuses to change the endpoint that stands for topic `alerts`."""
    if get_endpoint(connection, workspace, endpoint)["state"] == "internal":
        raise ConflictError(f"{endpoint!r} stands for the topic of alerts; it can be replayed, not changed.")


def _shown(row: Any) -> dict[str, Any]:
    url, options = without_secrets(row["receiver"], row["url"], row["options"])
    return dict(row) | {"url": url, "options": options}


def _found(row: Any, endpoint: str) -> dict[str, Any]:
    if row is None:
        raise NotFoundError(f"There is no webhook endpoint {endpoint!r} in this workspace.")
    return dict(row)

"""Reading alerts: lists by index, one with its evidence, transitions and deliveries."""

from datetime import datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, Select, func, select

from schemas.database import paging
from schemas.database.accounts import CLOSED, TOLD, number_of
from schemas.database.searching import narrow
from schemas.database.tables import (
    accounts,
    alert_segment,
    alerts,
    attempts,
    endpoints,
    outbox,
    transitions,
    users,
    verdicts,
)
from schemas.errors import NotFoundError
from schemas.receivers import without_secrets

OPEN = "open"
Sort = Literal["fired_at", "priority"]
_SORTS: dict[str, tuple[Any, type]] = {
    "fired_at": (alerts.c.fired_at, datetime),
    "priority": (alerts.c.priority, float),
}
_NUMBERS = ("observed", "expected", "low", "high", "ratio", "since", "users_before", "users_active")


class AlertFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which alerts a list shows. `state` is one state or `open`; fired in `[since, until)`; `q` searches sentences.

    `least` is the lowest priority that is shown.

    Alerts on trial show only where `origin` asks for them.
    """

    state: str | None = None
    kind: str | None = None
    account: str | None = None
    segment: str | None = None
    origin: str | None = None
    csm: str | None = None
    assignee: str | None = None
    least: float | None = None
    silenced: bool | None = None
    since: datetime | None = None
    until: datetime | None = None
    q: str | None = None


def list_alerts(
    connection: Connection,
    workspace: int,
    wanted: AlertFilter,
    limit: int,
    cursor: str | None,
    sort: Sort = "fired_at",
) -> paging.Page:
    """A page of alerts, the newest first, or the most urgent."""
    column, of = _SORTS[sort]
    account = number_of(connection, workspace, wanted.account) if wanted.account else None
    found = _where(select(alerts.c.episode, column.label("by")), workspace, wanted, account)
    if wanted.q:
        among = select(alerts.c.episode).where(alerts.c.workspace == workspace).order_by(alerts.c.episode)
        found = narrow(connection, found, alerts.c.words, wanted.q, among=among, frequent=0.01)
    values = paging.decode(cursor, (of, str)) if cursor else None
    key = found.selected_columns["by"], found.selected_columns["episode"]
    shown = paging.after(found, key, values, descending=True).limit(limit + 1).subquery()
    query = _alerts(workspace).join(shown, shown.c.episode == alerts.c.episode)
    query = query.order_by(shown.c.by.desc(), shown.c.episode.desc())
    rows = [_with_numbers(row) for row in connection.execute(query).mappings()]
    return paging.page(rows, limit, (sort, "id"))


def alert(connection: Connection, workspace: int, episode: str) -> dict[str, Any]:
    """One alert with everything it rests on and everything that became of it."""
    row = connection.execute(_alerts(workspace).where(alerts.c.episode == episode)).mappings().first()
    if row is None:
        raise NotFoundError(f"There is no alert {episode!r} in this workspace.")
    return _with_numbers(row) | {
        "evidence": row["_evidence"],
        "priority_parts": row["_parts"],
        "transitions": _transitions(connection, workspace, episode),
        "deliveries": _deliveries(connection, workspace, episode),
        "verdicts": _verdicts(connection, workspace, episode),
    }


def _alerts(workspace: int) -> Select[Any]:
    account = func.jsonb_build_object(
        "id", accounts.c.account, "name", func.coalesce(accounts.c.traits.op("->>")("name"), accounts.c.account),
        "arr", accounts.c.traits.op("->")("arr"), "currency", accounts.c.traits.op("->>")("currency"),
        "csm", accounts.c.traits.op("->>")("csm"), "time_zone", accounts.c.traits.op("->>")("time_zone"),
    )  # fmt: skip
    of_account = (accounts.c.workspace == alerts.c.workspace) & (accounts.c.number == alerts.c.account)
    of_user = (users.c.workspace == alerts.c.workspace) & (users.c.number == alerts.c.user)
    shown = ("kind", "state", "origin", "behavior", "onset", "fired_at", "resolved_at", "csm", "priority",
             "deferred", "assignee", "snoozed_until",
             "sequence", "sentence",
             "silenced_by", "inhibited_by", "fingerprint", "recorded_at")  # fmt: skip
    return (
        select(
            alerts.c.episode.label("id"),
            *(alerts.c[name] for name in shown),
            alert_segment.label("segment"),
            users.c.user,
            account.label("account"),
            alerts.c.account.label("_account"),
            alerts.c.evidence.label("_evidence"),
            alerts.c.priority_parts.label("_parts"),
        )
        .select_from(alerts.outerjoin(accounts, of_account).outerjoin(users, of_user))
        .where(alerts.c.workspace == workspace)
    )


def _where(query: Select[Any], workspace: int, wanted: AlertFilter, account: int | None) -> Select[Any]:
    is_open = wanted.state == OPEN
    equal = (
        (alerts.c.state, None if is_open else wanted.state), (alerts.c.kind, wanted.kind), (alerts.c.account, account),
        (alerts.c.origin, wanted.origin), (alerts.c.csm, wanted.csm), (alerts.c.assignee, wanted.assignee),
        (alert_segment, wanted.segment),
    )  # fmt: skip
    bounds = (
        (wanted.least, alerts.c.priority.__ge__),
        (wanted.since, alerts.c.fired_at.__ge__),
        (wanted.until, alerts.c.fired_at.__lt__),
    )
    conditions = [column == value for column, value in equal if value is not None]
    conditions += [holds(value) for value, holds in bounds if value is not None]
    if wanted.silenced is not None:
        conditions.append(alerts.c.silenced_by.is_not(None) if wanted.silenced else alerts.c.silenced_by.is_(None))
    if is_open:
        conditions.append(alerts.c.state.not_in(CLOSED))
    if wanted.origin is None:
        conditions.append(TOLD)
    return query.where(alerts.c.workspace == workspace, *conditions)


def _with_numbers(row: Any) -> dict[str, Any]:
    item = {key: value for key, value in row.items() if not key.startswith("_")}
    if row["_account"] is None:
        item["account"] = None
    return item | {name: row["_evidence"].get(name) for name in _NUMBERS}


def _transitions(connection: Connection, workspace: int, episode: str) -> list[dict[str, Any]]:
    shown = [transitions.c[name] for name in ("sequence", "transition", "at", "actor", "reason", "told", "recorded_at")]
    query = (
        select(*shown)
        .where(transitions.c.workspace == workspace, transitions.c.episode == episode)
        .order_by(transitions.c.sequence)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def _deliveries(connection: Connection, workspace: int, episode: str) -> list[dict[str, Any]]:
    last = (
        select(attempts.c.status, attempts.c.error, attempts.c.at)
        .where(attempts.c.outbox == outbox.c.id)
        .order_by(attempts.c.id.desc())
        .limit(1)
        .lateral("last")
    )
    query = (
        select(
            outbox.c.webhook_id, outbox.c.endpoint, endpoints.c.url, endpoints.c.receiver, outbox.c.event_type,
            outbox.c.sequence,
            outbox.c.state, outbox.c.attempts, last.c.status.label("last_status"), last.c.error.label("last_error"),
            last.c.at.label("last_attempt_at"),
        )
        .join(endpoints, endpoints.c.id == outbox.c.endpoint)
        .outerjoin(last, last.c.at.is_not(None))
        .where(endpoints.c.workspace == workspace, outbox.c.workspace == workspace, outbox.c.episode == episode)
        .order_by(outbox.c.sequence, outbox.c.endpoint)
    )  # fmt: skip
    return [
        dict(row) | {"url": without_secrets(row["receiver"], row["url"], {})[0]}
        for row in connection.execute(query).mappings()
    ]


def _verdicts(connection: Connection, workspace: int, episode: str) -> list[dict[str, Any]]:
    shown = [verdicts.c[name] for name in ("verdict", "actor", "note", "recorded_at")]
    query = (
        select(*shown)
        .where(verdicts.c.workspace == workspace, verdicts.c.episode == episode)
        .order_by(verdicts.c.recorded_at)
    )
    return [dict(row) for row in connection.execute(query).mappings()]

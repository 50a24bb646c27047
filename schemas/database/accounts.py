"""Reading accounts: lists by index, one with all that is known of it."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, String, cast, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from schemas.alerts import Origin
from schemas.database import coverage, paging
from schemas.database.searching import narrow
from schemas.database.tables import (
    account_arr,
    account_facts,
    account_name,
    account_words,
    accounts,
    alerts,
    behaviors,
    goal_points,
    goals,
    memberships,
    outcomes,
    signals,
    subscriptions,
    users,
    windows,
    workspaces,
)
from schemas.days import zone_of
from schemas.errors import NotFoundError

CLOSED = ("resolved", "retracted")
TOLD = alerts.c.origin != Origin.SHADOW.value
Sort = Literal["account", "name", "arr"]
# What stands in a list, and for how many rows back an account's own lists go.
RECENT = 100

_SORTS: dict[str, tuple[Any, type, bool]] = {
    "account": (accounts.c.account, str, False),
    "name": (account_name, str, False),
    "arr": (account_arr, Decimal, True),
}


class AccountFilter(msgspec.Struct, frozen=True):
    """Which accounts a list shows; traits must be equal, `q` is words of ids and names, the last may be a beginning."""

    traits: dict[str, Any] = {}
    q: str = ""


def number_of(connection: Connection, workspace: int, account: str) -> int:
    """An account's number; raises NotFoundError where the workspace has none of that id."""
    found = connection.scalar(
        select(accounts.c.number).where(accounts.c.workspace == workspace, accounts.c.account == account)
    )
    if found is None:
        raise NotFoundError(f"There is no account {account!r} in this workspace.")
    return int(found)


def number_and_zone(connection: Connection, workspace: int, account: str) -> tuple[int, str]:
    """An account's number, and the time zone that decides its days (its own, else the workspace's)."""
    default = select(workspaces.c.time_zone).where(workspaces.c.id == workspace).scalar_subquery()
    row = connection.execute(
        select(accounts.c.number, accounts.c.traits.op("->>")("time_zone").label("said"), default.label("zone")).where(
            accounts.c.workspace == workspace, accounts.c.account == account
        )
    ).first()
    if row is None:
        raise NotFoundError(f"There is no account {account!r} in this workspace.")
    return row.number, zone_of({"time_zone": row.said}, row.zone)


def list_accounts(
    connection: Connection, workspace: int, wanted: AccountFilter, sort: Sort, limit: int, cursor: str | None
) -> paging.Page:
    """A page of accounts with how many alerts are open on each."""
    column, of, descending = _SORTS[sort]
    query = select(
        accounts.c.number.label("_number"), accounts.c.account, accounts.c.traits, accounts.c.created_at,
        column.label("_by"), cast(column, String).label("_key"),
    ).where(accounts.c.workspace == workspace)  # fmt: skip
    if wanted.traits:
        query = query.where(accounts.c.traits.contains(wanted.traits))
    if wanted.q:
        among = select(accounts.c.number).where(accounts.c.workspace == workspace).order_by(accounts.c.number)
        query = narrow(connection, query, account_words, wanted.q, among=among, frequent=0.2)
    values = paging.decode(cursor, (of, str)) if cursor else None
    key = query.selected_columns["_by"], query.selected_columns["account"]
    query = paging.after(query, key, values, descending=descending)
    found = [dict(row) for row in connection.execute(query.limit(limit + 1)).mappings()]
    page = paging.page(found, limit, ("_key", "account"))
    open_alerts = _open_alerts(connection, workspace, [row["_number"] for row in found])
    judged = coverage.of_accounts(connection, workspace, [row["_number"] for row in found])
    for item, row in zip(page.items, found, strict=False):
        item["open_alerts"] = open_alerts.get(row["_number"], 0)
        item["judged"] = judged[row["_number"]]
    return page


def _open_alerts(connection: Connection, workspace: int, numbers: list[int]) -> dict[int, int]:
    query = (
        select(alerts.c.account, func.count())
        .where(
            alerts.c.workspace == workspace,
            alerts.c.account == func.any(literal(numbers, ARRAY(accounts.c.number.type))),
            alerts.c.state.not_in(CLOSED),
            TOLD,
        )
        .group_by(alerts.c.account)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def account(connection: Connection, workspace: int, account_id: str, seen_since: datetime) -> dict[str, Any]:
    """One account with its facts, contracts, outcomes, goals, signals, and the behaviors seen since then."""
    number = number_of(connection, workspace, account_id)
    row = connection.execute(
        select(accounts.c.account, accounts.c.traits, accounts.c.created_at, accounts.c.recorded_at).where(
            accounts.c.workspace == workspace, accounts.c.number == number
        )
    )
    facts = {table.name: _facts(connection, workspace, number, table) for table in _OF_ACCOUNT}
    return dict(row.mappings().one()) | {
        "open_alerts": _open_alerts(connection, workspace, [number]).get(number, 0),
        "judged": coverage.of_accounts(connection, workspace, [number])[number],
        "users": _members(connection, workspace, number),
        "behaviors": behaviors_seen(connection, workspace, number, seen_since),
        "facts": facts.pop("account_facts"),
        **facts,
    }


_OF_ACCOUNT = (account_facts, subscriptions, outcomes, goals, goal_points, signals)


def _facts(connection: Connection, workspace: int, number: int, table: Any) -> list[dict[str, Any]]:
    shown = [column for column in table.c if column.name not in ("id", "workspace", "account", "id_hash")]
    query = (
        select(*shown)
        .where(table.c.workspace == workspace, table.c.account == number)
        .order_by(table.c.valid_from.desc(), table.c.id.desc())
        .limit(RECENT)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def _members(connection: Connection, workspace: int, number: int) -> int:
    person = func.coalesce(users.c.person, users.c.number)
    query = (
        select(func.count(person.distinct()))
        .join(memberships, (memberships.c.workspace == users.c.workspace) & (memberships.c.user == users.c.number))
        .where(memberships.c.workspace == workspace, memberships.c.account == number)
    )
    return int(connection.scalar(query) or 0)


def behaviors_seen(connection: Connection, workspace: int, number: int, since: datetime) -> list[dict[str, Any]]:
    """What an account did since then: each behavior with its events and its last hour."""
    of = (windows.c.workspace == workspace, windows.c.account == number, windows.c.hour >= since)
    seen = (
        select(windows.c.behavior, func.sum(windows.c.events).label("events"), func.max(windows.c.hour).label("last"))
        .where(*of)
        .group_by(windows.c.behavior)
        .subquery()
    )
    query = (
        select(behaviors.c.behavior, seen.c.events, seen.c.last.label("last_hour"))
        .join(behaviors, (behaviors.c.workspace == workspace) & (behaviors.c.number == seen.c.behavior))
        .where(behaviors.c.state == "active")
        .order_by(seen.c.events.desc(), behaviors.c.behavior)
    )
    return [dict(row) for row in connection.execute(query).mappings()]

"""Nudges: who of an account lacks a behavior that it was to take up, told once a week for the product to act on."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, insert, select

from schemas.alerts import AlertKind, AlertState, Origin
from schemas.clock import to_ms
from schemas.database import windows
from schemas.database.tables import accounts, alerts, nudges, users
from schemas.database.telling import News, tell
from schemas.errors import NotFoundError
from schemas.messages import NudgeData, text_of
from schemas.windows import ALL_NUMBER

SEEN = timedelta(days=28)
_AGAIN = timedelta(days=7)
_MOST = 1000  # users in one message


def due(connection: Connection, now: datetime) -> int:
    """Tells `nudge.due` of each alert on a behavior that is not taken up, once a week while it fires; how many."""
    last = select(func.max(nudges.c.at)).where(
        nudges.c.workspace == alerts.c.workspace, nudges.c.episode == alerts.c.episode
    )
    told = last.scalar_subquery()
    query = (
        select(
            alerts.c.workspace, alerts.c.episode, alerts.c.behavior, alerts.c.csm, accounts.c.number, accounts.c.account
        )
        .join(accounts, (accounts.c.workspace == alerts.c.workspace) & (accounts.c.number == alerts.c.account))
        .where(alerts.c.kind == AlertKind.BEHAVIOR_NOT_ADOPTED, alerts.c.state == AlertState.FIRING)
        .where(alerts.c.origin == Origin.LIVE, alerts.c.silenced_by.is_(None), alerts.c.inhibited_by.is_(None))
        .where(told.is_(None) | (told <= now - _AGAIN))
        .limit(100)
        .with_for_update(of=alerts, skip_locked=True)
    )
    return sum(_nudge(connection, row, now) for row in connection.execute(query).all())


def lacking(connection: Connection, workspace: int, account: int, behavior: str, now: datetime) -> list[str]:
    """The people of an account who did something in the last four weeks, but never that behavior; by their ids."""
    edges = [to_ms(now - SEEN), to_ms(now)]
    number = windows.behavior_number(connection, workspace, behavior)
    [active] = windows.spans(connection, workspace, account, ALL_NUMBER, edges)
    [did] = windows.spans(connection, workspace, account, number, edges)
    numbers = sorted(active.users - did.users)
    query = select(users.c.user).where(users.c.workspace == workspace, users.c.number == func.any(numbers))
    return list(connection.scalars(query.order_by(users.c.user).limit(_MOST)))


def _nudge(connection: Connection, row: Any, now: datetime) -> int:
    try:
        found = lacking(connection, row.workspace, row.number, row.behavior, now)
    except NotFoundError:  # the behavior was taken back meanwhile
        found = []
    connection.execute(insert(nudges).values(workspace=row.workspace, episode=row.episode, at=now, users=found))
    if found:
        data = NudgeData(alert=row.episode, account=row.account, behavior=row.behavior, users=found, at=now)
        series, text = f"nudge {row.episode}", text_of("nudge.due", data, now)
        news = News("nudge.due", text, f"{series} {now:%Y-%m-%d}", 1, fingerprint=series, csm=row.csm)
        tell(connection, row.workspace, [news])
    return bool(found)

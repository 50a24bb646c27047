"""What silences and inhibits alerts: looked up for a new one, and kept current on those that are open.

An alert that falls silent, or may speak again, takes a step of its life; so its history says since when and why.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection, case, func, insert, or_, select, update

from schemas.alerts import AlertState, Origin, Transition
from schemas.database import paging
from schemas.database.alerts import locked, write_alerts
from schemas.database.tables import accounts, alerts, silences
from schemas.errors import ConflictError, NotFoundError
from schemas.lives import BY_US, AlertRecord, TransitionRecord, step_of
from schemas.silences import SOURCES, Matcher, Silence, about, inhibits, matches

_BURNS = (AlertState.FIRING, AlertState.RECOVERING)
_SHOWN = tuple(silences.c[name] for name in (*Silence.__struct_fields__, "state", "recorded_at"))
Owners = dict[int, tuple[str | None, dict[str, Any]]]  # accounts' ids and traits by number


class Muting(NamedTuple):
    """The silences that hold now, and the open alerts that inhibit others."""

    silences: list[Silence]
    sources: list[AlertRecord]

    def over(self, alert: AlertRecord, owners: Owners, now: datetime) -> AlertRecord:
        """The alert with what silences and what inhibits it."""
        said = about(alert, *owners.get(alert.account or 0, (None, {})))
        silence = next((one.id for one in self.silences if matches(one.matchers, said)), None)
        source = next((one.episode for one in self.sources if inhibits(one, alert, now)), None)
        return replace(alert, silenced_by=silence, inhibited_by=source)


def load(connection: Connection, workspace: int, now: datetime) -> Muting:
    """What mutes alerts now."""
    of = (silences.c.workspace == workspace, silences.c.starts_at <= now, silences.c.ends_at > now)
    query = select(*(silences.c[name] for name in Silence.__struct_fields__)).where(*of)
    rows = [dict(zip(Silence.__struct_fields__, row, strict=True)) for row in connection.execute(query)]
    holding = [msgspec.convert(row, Silence) for row in rows]
    source = select(alerts.c.episode).where(_open(workspace), alerts.c.kind.in_(SOURCES))
    return Muting(holding, locked(connection, workspace, connection.scalars(source).all()))


def hushed(connection: Connection, workspace: int, muting: Muting, alert: AlertRecord, now: datetime) -> AlertRecord:
    """A new alert with what silences or inhibits it."""
    if not muting.silences and not muting.sources:
        return alert
    return muting.over(alert, _owners(connection, workspace, [alert]), now)


def refresh(connection: Connection, workspace: int, now: datetime) -> int:
    """Holds every open alert against what mutes now; returns how many changed. What burns and may speak again does."""
    muting = load(connection, workspace, now)
    flagged = or_(alerts.c.silenced_by.is_not(None), alerts.c.inhibited_by.is_not(None))
    query = select(alerts.c.episode).where(_open(workspace))
    if not muting.silences and not muting.sources:
        query = query.where(flagged)
    found = locked(connection, workspace, connection.scalars(query).all())
    owners, changed = _owners(connection, workspace, found), list[tuple[AlertRecord, list[TransitionRecord]]]()
    comments = {one.id: one for one in muting.silences}
    for alert in found:
        after = muting.over(alert, owners, now)
        if after != alert:
            changed.append(_step(alert, after, comments, now))
    write_alerts(connection, workspace, changed, now)
    return len(changed)


def begin_and_end(connection: Connection, now: datetime) -> int:
    """Lets silences that are due begin and end; returns how many. Whoever does it first does it for all."""
    starting = (silences.c.state == "pending") & (silences.c.starts_at <= now)
    due = select(silences.c.workspace, silences.c.id).where(
        silences.c.state != "over", starting | (silences.c.ends_at <= now)
    )
    rows = connection.execute(due.with_for_update(skip_locked=True)).all()
    for row in rows:
        one = (silences.c.workspace == row.workspace, silences.c.id == row.id)
        connection.execute(update(silences).where(*one).values(state=_state(now)))
    for workspace in sorted({row.workspace for row in rows}):
        refresh(connection, workspace, now)
    return len(rows)


def create_silence(connection: Connection, workspace: int, fields: dict[str, Any], now: datetime) -> dict[str, Any]:
    """Stores a silence; what it fits is silent at once where it has begun."""
    matchers = msgspec.to_builtins(fields["matchers"])
    row = fields | {"matchers": matchers, "workspace": workspace, "id": f"sil_{secrets.token_hex(8)}"}
    row["state"] = "active" if row["starts_at"] <= now else "pending"
    made = connection.execute(insert(silences).values(row).returning(*_SHOWN)).mappings().one()
    refresh(connection, workspace, now)
    return dict(made)


def end_silence(connection: Connection, workspace: int, silence: str, now: datetime) -> dict[str, Any]:
    """Ends a silence now; what still burns is told. Raises ConflictError where it is over already."""
    found = get_silence(connection, workspace, silence)
    if found["ends_at"] <= now:
        raise ConflictError("This silence is over already; nothing was changed.")
    one = (silences.c.workspace == workspace, silences.c.id == silence)
    ended = update(silences).where(*one).values(ends_at=now, starts_at=func.least(silences.c.starts_at, now))
    row = connection.execute(ended.values(state="over").returning(*_SHOWN)).mappings().one()
    refresh(connection, workspace, now)
    return dict(row)


def get_silence(connection: Connection, workspace: int, silence: str) -> dict[str, Any]:
    """One silence; raises NotFoundError where the workspace has none of that id."""
    query = select(*_SHOWN).where(silences.c.workspace == workspace, silences.c.id == silence)
    row = connection.execute(query).mappings().first()
    if row is None:
        raise NotFoundError(f"There is no silence {silence!r} in this workspace.")
    return dict(row)


def list_silences(
    connection: Connection, workspace: int, state: str | None, limit: int, cursor: str | None
) -> paging.Page:
    """A page of silences, those that end last first."""
    query = select(*_SHOWN).where(silences.c.workspace == workspace)
    query = query if state is None else query.where(silences.c.state == state)
    values = paging.decode(cursor, (datetime, str)) if cursor else None
    query = paging.after(query, (silences.c.ends_at, silences.c.id), values, descending=True).limit(limit + 1)
    return paging.page(list(connection.execute(query).mappings()), limit, ("ends_at", "id"))


def matchers_of(row: dict[str, Any]) -> list[Matcher]:
    """A stored silence's matchers."""
    return msgspec.convert(row["matchers"], list[Matcher])


def _state(now: datetime) -> Any:
    return case((silences.c.ends_at <= now, "over"), else_="active")


def _open(workspace: int) -> Any:
    return (
        (alerts.c.workspace == workspace)
        & alerts.c.state.not_in((AlertState.RESOLVED, AlertState.RETRACTED))
        & alerts.c.condition.in_(_BURNS)
        & (alerts.c.origin == Origin.LIVE)
    )


def _owners(connection: Connection, workspace: int, found: Sequence[AlertRecord]) -> Owners:
    numbers = sorted({alert.account for alert in found if alert.account is not None})
    query = select(accounts.c.number, accounts.c.account, accounts.c.traits)
    rows = connection.execute(query.where(accounts.c.workspace == workspace, accounts.c.number == func.any(numbers)))
    return {row.number: (row.account, row.traits) for row in rows}


def _step(
    before: AlertRecord, after: AlertRecord, holding: dict[str, Silence], now: datetime
) -> tuple[AlertRecord, list[TransitionRecord]]:
    if before.muted == after.muted:
        return after, []
    if not after.muted:
        reason = "the silence has ended" if before.silenced_by else "what said the same is over"
        alert, step = step_of(after, Transition.UNMUTED, now, reason)
        return alert, [step]
    silence = holding.get(after.silenced_by or "")
    reason = f"silenced until {silence.ends_at:%Y-%m-%d %H:%M} UTC: {silence.comment}" if silence else "another says it"
    alert, step = step_of(after, Transition.MUTED, now, reason, actor=silence.author if silence else BY_US)
    return alert, [step]

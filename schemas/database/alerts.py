"""Writing alerts: what is stored of a stretch of time, and an evaluation's changes with their messages, in one go."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeVar

import msgspec
from sqlalchemy import Connection, func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from schemas.alerts import Transition
from schemas.database.attention import managers
from schemas.database.tables import accounts, alerts, transitions
from schemas.database.telling import News, tell
from schemas.lives import DETECTIONS, AlertRecord, TransitionRecord
from schemas.messages import Account
from schemas.segments import segments_of
from schemas.webhooks import EVENT_TYPES, payload

_AT_ONCE = timedelta()
_ALERT = tuple(alerts.c[name] for name in AlertRecord.__struct_fields__)
_STEP = tuple(transitions.c[name] for name in TransitionRecord.__struct_fields__)
_FIXED = ("episode", "fingerprint", "kind", "account", "segment", "user", "behavior", "origin", "fired_at")
_CHANGING = ("state", *(name for name in AlertRecord.__struct_fields__ if name not in _FIXED))

_LOCK = 0x73746570  # "step"
Kept = TypeVar("Kept", AlertRecord, TransitionRecord)


class _About(NamedTuple):
    """An account as a message shows it, and what filters go by."""

    shown: Account | None
    segments: list[str]
    csm: str | None


_NOBODY = _About(None, [], None)


def stored_since(
    connection: Connection, workspace: int, since: datetime | None, open_too: Sequence[str]
) -> tuple[list[AlertRecord], list[TransitionRecord]]:
    """Alerts with a step of detection's after `since` (None: ever) or named in `open_too`, locked, and those steps."""
    of = (transitions.c.workspace == workspace, transitions.c.transition.in_(DETECTIONS))
    steps = select(*_STEP).where(*of).order_by(transitions.c.episode, transitions.c.sequence)
    if since is not None:
        steps = steps.where(transitions.c.at > since)
    found = [_as(TransitionRecord, row) for row in connection.execute(steps)]
    wanted = sorted({step.episode for step in found} | set(open_too))
    return locked(connection, workspace, wanted), found


def locked(connection: Connection, workspace: int, episodes: Sequence[str]) -> list[AlertRecord]:
    """Those alerts as they stand; nobody else takes a step in this workspace before this transaction ends.

    One lock for the workspace, since evaluation, people and silences lock many alerts, each in an order of its own.
    """
    connection.execute(select(func.pg_advisory_xact_lock(_LOCK, workspace)))
    query = select(*_ALERT).where(alerts.c.workspace == workspace, alerts.c.episode == func.any(list(episodes)))
    return [_as(AlertRecord, row) for row in connection.execute(query.order_by(alerts.c.episode).with_for_update())]


def _as(kind: type[Kept], row: Any) -> Kept:
    return msgspec.convert(dict(zip(kind.__struct_fields__, row, strict=True)), kind)


def write_alerts(
    connection: Connection, workspace: int, changed: Sequence[tuple[AlertRecord, list[TransitionRecord]]], now: datetime
) -> None:
    """Alerts as they stand now, their new steps, and a message for each endpoint that wants to hear of them."""
    if not changed:
        return
    rows = [msgspec.structs.asdict(alert) | {"workspace": workspace, "state": alert.state} for alert, _ in changed]
    for begin in range(0, len(rows), 500):
        part = upsert(alerts).values(rows[begin : begin + 500])
        connection.execute(
            part.on_conflict_do_update(
                index_elements=["workspace", "episode"], set_={name: part.excluded[name] for name in _CHANGING}
            )
        )
    steps = [msgspec.structs.asdict(step) | {"workspace": workspace} for _, found in changed for step in found]
    if steps:
        connection.execute(insert(transitions), steps)
    _tell(connection, workspace, [(alert, step) for alert, found in changed for step in found if step.told], now)


def _tell(
    connection: Connection, workspace: int, told: Sequence[tuple[AlertRecord, TransitionRecord]], now: datetime
) -> None:
    if not told:
        return
    names = _accounts(connection, workspace, {alert.account for alert, _ in told if alert.account is not None})
    later = _later(connection, workspace, {about.csm for about in names.values() if about.csm}, now)
    news = [_news(alert, step, names.get(alert.account or 0, _NOBODY), now) for alert, step in told]
    tell(connection, workspace, [one._replace(later=later.get(one.csm, _AT_ONCE)) for one in news])


def _later(connection: Connection, workspace: int, csms: set[str], now: datetime) -> dict[str | None, timedelta]:
    """How long messages wait for CSMs who are not at work now."""
    return {csm: one.next_open(now) - now for csm, one in managers(connection, workspace, sorted(csms)).items()}


def _news(alert: AlertRecord, step: TransitionRecord, about: _About, now: datetime) -> News:
    return News(
        event_type=EVENT_TYPES[Transition(step.transition)],
        payload=payload(alert, step, about.shown, now),
        episode=alert.episode,
        sequence=step.sequence,
        fingerprint=alert.fingerprint,
        kind=alert.kind,
        segments=[*about.segments, alert.segment or ""],
        csm=about.csm,
        priority=alert.priority,
    )


def _accounts(connection: Connection, workspace: int, numbers: set[int]) -> Mapping[int, _About]:
    query = select(accounts.c.number, accounts.c.account, accounts.c.traits).where(
        accounts.c.workspace == workspace, accounts.c.number == func.any(sorted(numbers))
    )
    return {
        row.number: _About(
            Account(row.account, row.traits.get("name", row.account)),
            segments_of(row.traits),
            row.traits.get("csm"),
        )
        for row in connection.execute(query)
    }

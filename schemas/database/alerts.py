"""Writing alerts: what is stored of a stretch of time, and an evaluation's changes with their messages, in one go."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from schemas.alerts import AlertRecord, Origin, Transition, TransitionRecord
from schemas.database.tables import accounts, alerts, transitions
from schemas.database.telling import News, tell
from schemas.messages import Account
from schemas.segments import segments_of
from schemas.webhooks import EVENT_TYPES, payload

_ALERT = tuple(alerts.c[name] for name in AlertRecord.__struct_fields__)
_STEP = tuple(transitions.c[name] for name in TransitionRecord.__struct_fields__)
_CHANGING = ("state", "onset", "resolved_at", "sequence", "sentence", "evidence")


class _About(NamedTuple):
    """An account as a message shows it, and what filters go by."""

    shown: Account | None
    segments: list[str]
    csm: str | None


_NOBODY = _About(None, [], None)


def stored_since(
    connection: Connection, workspace: int, since: datetime | None, open_too: Sequence[str]
) -> tuple[list[AlertRecord], list[TransitionRecord]]:
    """Alerts with a step after `since` (None: ever) or named in `open_too`, locked, and those steps."""
    of = transitions.c.workspace == workspace
    steps = select(*_STEP).where(of).order_by(transitions.c.episode, transitions.c.sequence)
    if since is not None:
        steps = steps.where(transitions.c.at > since)
    found = [TransitionRecord(**row) for row in connection.execute(steps).mappings()]
    wanted = sorted({step.episode for step in found} | set(open_too))
    query = select(*_ALERT).where(alerts.c.workspace == workspace, alerts.c.episode == func.any(wanted))
    rows = connection.execute(query.with_for_update()).mappings()
    return [AlertRecord(**row) for row in rows], found


def write_alerts(
    connection: Connection, workspace: int, changed: Sequence[tuple[AlertRecord, list[TransitionRecord]]], now: datetime
) -> None:
    """Alerts as they stand now, their new steps, and a message for each endpoint that wants to hear of them."""
    if not changed:
        return
    rows = [msgspec.structs.asdict(alert) | {"workspace": workspace} for alert, _ in changed]
    statement = upsert(alerts)
    updates = {name: statement.excluded[name] for name in _CHANGING}
    for begin in range(0, len(rows), 500):
        part = upsert(alerts).values(rows[begin : begin + 500])
        connection.execute(
            part.on_conflict_do_update(
                index_elements=["workspace", "episode"], set_={name: part.excluded[name] for name in updates}
            )
        )
    steps = [msgspec.structs.asdict(step) | {"workspace": workspace} for _, found in changed for step in found]
    if steps:
        connection.execute(insert(transitions), steps)
    _tell(connection, workspace, [(a, s) for a, found in changed if a.origin == Origin.LIVE for s in found], now)


def _tell(
    connection: Connection, workspace: int, told: Sequence[tuple[AlertRecord, TransitionRecord]], now: datetime
) -> None:
    told = [(alert, step) for alert, step in told if step.transition in EVENT_TYPES]
    if not told:
        return
    names = _accounts(connection, workspace, {alert.account for alert, _ in told if alert.account is not None})
    tell(
        connection, workspace, [_news(alert, step, names.get(alert.account or 0, _NOBODY), now) for alert, step in told]
    )


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

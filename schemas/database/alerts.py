"""Writing alerts: what is stored of a stretch of time, and an evaluation's changes with their messages, in one go."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from schemas.alerts import AlertRecord, Origin, TransitionRecord
from schemas.database.tables import accounts, alerts, endpoints, outbox, transitions
from schemas.segments import segments_of
from schemas.topics import ALERTS
from schemas.webhooks import EVENT_TYPES, Wanted, payload, webhook_id

TOPIC_URL = f"kafka:{ALERTS}"
_ALERT = tuple(alerts.c[name] for name in AlertRecord.__struct_fields__)
_STEP = tuple(transitions.c[name] for name in TransitionRecord.__struct_fields__)
_CHANGING = ("state", "onset", "resolved_at", "sequence", "sentence", "evidence")


class _About(NamedTuple):
    """An account as a message shows it, and what filters go by."""

    shown: dict[str, Any] | None
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
    rows = []
    for endpoint, wanted in _endpoints(connection, workspace):
        for alert, step in told:
            event_type = EVENT_TYPES[step.transition]  # type: ignore[index]
            about = names.get(alert.account or 0, _NOBODY)
            if wanted.passes(event_type, alert.kind, [*about.segments, alert.segment or ""], about.csm):
                rows.append(
                    {
                        "workspace": workspace,
                        "endpoint": endpoint,
                        "episode": alert.episode,
                        "fingerprint": alert.fingerprint,
                        "sequence": step.sequence,
                        "webhook_id": webhook_id(endpoint, alert.episode, step.sequence),
                        "event_type": event_type,
                        "payload": payload(alert, step, about.shown, now),
                    }
                )
    connection.execute(insert(outbox), rows)


def _endpoints(connection: Connection, workspace: int) -> list[tuple[str, Wanted]]:
    """The workspace's enabled endpoints, and the one that stands for topic `alerts`."""
    topic = {"id": f"ep_topic_{workspace}", "workspace": workspace, "url": TOPIC_URL, "secret": "", "state": "internal"}
    connection.execute(upsert(endpoints).values(topic).on_conflict_do_nothing())
    query = select(endpoints.c.id, *(endpoints.c[name] for name in Wanted.__struct_fields__)).where(
        endpoints.c.workspace == workspace, endpoints.c.state.in_(("enabled", "internal"))
    )
    return [(one, Wanted(*filters)) for one, *filters in connection.execute(query.order_by(endpoints.c.id))]


def _accounts(connection: Connection, workspace: int, numbers: set[int]) -> Mapping[int, _About]:
    query = select(accounts.c.number, accounts.c.account, accounts.c.traits).where(
        accounts.c.workspace == workspace, accounts.c.number == func.any(sorted(numbers))
    )
    return {
        row.number: _About(
            {"id": row.account, "name": row.traits.get("name", row.account)},
            segments_of(row.traits),
            row.traits.get("csm"),
        )
        for row in connection.execute(query)
    }

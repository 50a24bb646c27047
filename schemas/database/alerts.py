"""Writing alerts: what is stored of a stretch of time, and an evaluation's changes with their messages, in one go."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeVar

import msgspec
from sqlalchemy import Connection, Interval, bindparam, func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from schemas.database.attention import managers
from schemas.database.tables import accounts, alerts, endpoints, outbox, transitions
from schemas.lives import DETECTIONS, AlertRecord, TransitionRecord
from schemas.segments import segments_of
from schemas.topics import ALERTS
from schemas.webhooks import EVENT_TYPES, Wanted, payload, webhook_id

_AT_ONCE = timedelta()
TOPIC_URL = f"kafka:{ALERTS}"
_ALERT = tuple(alerts.c[name] for name in AlertRecord.__struct_fields__)
_STEP = tuple(transitions.c[name] for name in TransitionRecord.__struct_fields__)
_FIXED = ("episode", "fingerprint", "kind", "account", "segment", "user", "behavior", "origin", "fired_at")
_CHANGING = ("state", *(name for name in AlertRecord.__struct_fields__ if name not in _FIXED))

_LOCK = 0x73746570  # "step"
Kept = TypeVar("Kept", AlertRecord, TransitionRecord)


class _About(NamedTuple):
    """An account as a message shows it, and what filters go by."""

    shown: dict[str, Any] | None
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
    rows = []
    for endpoint, wanted in _endpoints(connection, workspace):
        for alert, step in told:
            event_type = EVENT_TYPES[step.transition]
            about = names.get(alert.account or 0, _NOBODY)
            if wanted.passes(event_type, alert.kind, [*about.segments, alert.segment or ""], about.csm):
                rows.append(
                    {
                        "workspace": workspace,
                        "endpoint": endpoint,
                        "episode": alert.episode,
                        "sequence": step.sequence,
                        "webhook_id": webhook_id(endpoint, alert.episode, step.sequence),
                        "event_type": event_type,
                        "payload": payload(alert, step, about.shown, now),
                        "later": _AT_ONCE if endpoint == topic_of(workspace) else later.get(about.csm, _AT_ONCE),
                    }
                )
    if rows:
        due = func.now() + bindparam("later", type_=Interval)
        connection.execute(insert(outbox).values(next_attempt_at=due), rows)


def _later(connection: Connection, workspace: int, csms: set[str], now: datetime) -> dict[str | None, timedelta]:
    """How long messages wait for CSMs who are not at work now."""
    return {csm: one.next_open(now) - now for csm, one in managers(connection, workspace, sorted(csms)).items()}


def topic_of(workspace: int) -> str:
    """The endpoint that stands for topic `alerts`; other systems are never asleep."""
    return f"ep_topic_{workspace}"


def _endpoints(connection: Connection, workspace: int) -> list[tuple[str, Wanted]]:
    """The workspace's enabled endpoints, and the one that stands for topic `alerts`."""
    topic = {"id": topic_of(workspace), "workspace": workspace, "url": TOPIC_URL, "secret": "", "state": "internal"}
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

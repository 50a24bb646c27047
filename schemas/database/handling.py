"""People's steps: an alert is locked, takes its step by the pure rules, and is written with its messages, in one go."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, insert, select

from schemas.alerts import Transition
from schemas.database import muting
from schemas.database.alerts import locked, write_alerts
from schemas.database.tables import alerts, verdicts
from schemas.errors import ChangedError, ConflictError, NotFoundError
from schemas.handling import Action, Deed
from schemas.lives import AlertRecord, TransitionRecord, step_of
from schemas.silences import SOURCES

_AT_ONCE = 500


class Done(NamedTuple):
    """What became of one alert of many: `refused` says why nothing was changed."""

    id: str
    refused: str | None


def act(
    connection: Connection, workspace: int, episode: str, deed: Deed, now: datetime, read_at: int | None = None
) -> None:
    """Somebody does something about an alert.

    Raises:
        NotFoundError: The workspace has no such alert.
        ChangedError: It has taken a step since `read_at` (a sequence).
        ConflictError: That can't be done to it as it stands.
    """
    found = locked(connection, workspace, [episode])
    if not found:
        raise NotFoundError(f"There is no alert {episode!r} in this workspace.")
    if read_at is not None and found[0].sequence != read_at:
        raise ChangedError(
            f"The alert has taken a step since you read it: it is at {found[0].sequence} now, you read {read_at}. "
            "Read it again; nothing was changed."
        )
    _write(connection, workspace, [_step(found[0], deed, now)], deed, now)


def act_on_many(
    connection: Connection, workspace: int, episodes: Sequence[str], deed: Deed, now: datetime
) -> list[Done]:
    """The same to each of many, in one transaction; those where it can't be done are left as they are, and say why."""
    found = {alert.episode: alert for alert in locked(connection, workspace, episodes)}
    changed, outcome = list[tuple[AlertRecord, TransitionRecord]](), list[Done]()
    for episode in dict.fromkeys(episodes):
        if episode not in found:
            outcome.append(Done(episode, "There is no such alert in this workspace."))
            continue
        try:
            changed.append(_step(found[episode], deed, now))
            outcome.append(Done(episode, None))
        except ConflictError as error:
            outcome.append(Done(episode, str(error)))
    _write(connection, workspace, changed, deed, now)
    return outcome


def wake(connection: Connection, now: datetime) -> int:
    """Wakes the alerts whose snooze has ended; returns how many. What burns still is told again."""
    due = select(alerts.c.workspace, alerts.c.episode).where(alerts.c.snoozed_until <= now)
    rows = connection.execute(due.order_by(alerts.c.workspace, alerts.c.snoozed_until).limit(_AT_ONCE)).all()
    by_workspace: dict[int, list[str]] = {}
    for workspace, episode in rows:
        by_workspace.setdefault(workspace, []).append(episode)
    woken = 0
    for workspace, episodes in by_workspace.items():
        still = [alert for alert in locked(connection, workspace, episodes) if _due(alert, now)]
        reason = "the snooze has ended"
        steps = [step_of(one, Transition.AWOKE, now, reason) for one in still]
        write_alerts(connection, workspace, [(alert, [step]) for alert, step in steps], now)
        woken += len(steps)
    return woken


def _due(alert: AlertRecord, now: datetime) -> bool:
    return alert.snoozed_until is not None and alert.snoozed_until <= now


def _step(alert: AlertRecord, deed: Deed, now: datetime) -> tuple[AlertRecord, TransitionRecord]:
    after, step = step_of(alert, deed.step, now, deed.reason, actor=deed.actor, until=deed.until)
    if deed.action == Action.ASSIGN:
        after = msgspec.structs.replace(after, assignee=deed.assignee)
    return after, step


def _write(
    connection: Connection,
    workspace: int,
    changed: Sequence[tuple[AlertRecord, TransitionRecord]],
    deed: Deed,
    now: datetime,
) -> None:
    write_alerts(connection, workspace, [(alert, [step]) for alert, step in changed], now)
    if any(alert.kind in SOURCES for alert, _ in changed):
        muting.refresh(connection, workspace, now)
    if deed.verdict is None or not changed:
        return
    said = {"workspace": workspace, "verdict": deed.verdict, "actor": deed.actor, "note": deed.note}
    connection.execute(insert(verdicts), [said | {"episode": alert.episode} for alert, _ in changed])

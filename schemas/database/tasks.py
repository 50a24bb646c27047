"""Tasks: opened, assigned, closed; and whether what was claimed to be saved was renewed afterwards."""

import secrets
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, case, func, insert, literal, null, select, update

from schemas.database import paging
from schemas.database.accounts import number_of
from schemas.database.tables import accounts, alerts, outcomes, tasks
from schemas.errors import ConflictError, DefinitionError, NotFoundError

_SHOWN = ("id", "title", "assignee", "due_at", "state", "opened_by", "closed_by", "closed_at", "note", "recorded_at")
_KEPT = ("renewed", "expanded")


class TaskFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which tasks a list shows."""

    state: str | None = None
    assignee: str | None = None
    account: str | None = None
    alert: str | None = None


def open_task(connection: Connection, workspace: int, fields: dict[str, Any], actor: str) -> dict[str, Any]:
    """Opens a task on an account, or on the account of an alert."""
    episode, account = fields.pop("alert"), fields.pop("account")
    if episode is not None:
        of = (alerts.c.workspace == workspace, alerts.c.episode == episode)
        found = connection.execute(select(alerts.c.account).where(*of)).first()
        if found is None:
            raise NotFoundError(f"There is no alert {episode!r} in this workspace.")
        if found.account is None:
            raise DefinitionError("This alert is about no single account; name the account of the task instead.")
        number = found.account
    else:
        number = number_of(connection, workspace, account)
    made = f"tsk_{secrets.token_hex(8)}"
    row = fields | {"workspace": workspace, "id": made, "account": number, "episode": episode, "opened_by": actor}
    connection.execute(insert(tasks).values(row))
    return get_task(connection, workspace, made)


def change_task(connection: Connection, workspace: int, task: str, fields: dict[str, Any]) -> dict[str, Any]:
    """Changes what `fields` names of an open task."""
    _open(connection, workspace, task)
    if fields:
        one = (tasks.c.workspace == workspace, tasks.c.id == task)
        connection.execute(update(tasks).where(*one).values(fields))
    return get_task(connection, workspace, task)


def close_task(
    connection: Connection, workspace: int, task: str, fields: dict[str, Any], actor: str, now: datetime
) -> dict[str, Any]:
    """Closes a task; `saved` claims that the customer stays, and the account's next outcome decides."""
    _open(connection, workspace, task)
    closed = fields | {"state": "closed", "closed_by": actor, "closed_at": now}
    connection.execute(update(tasks).where(tasks.c.workspace == workspace, tasks.c.id == task).values(closed))
    return get_task(connection, workspace, task)


def get_task(connection: Connection, workspace: int, task: str) -> dict[str, Any]:
    """One task; raises NotFoundError where the workspace has none of that id."""
    row = connection.execute(_tasks(workspace).where(tasks.c.id == task)).mappings().first()
    if row is None:
        raise NotFoundError(f"There is no task {task!r} in this workspace.")
    return {str(name): value for name, value in row.items()}


def list_tasks(
    connection: Connection, workspace: int, wanted: TaskFilter, limit: int, cursor: str | None
) -> paging.Page:
    """A page of tasks, the newest first."""
    account = number_of(connection, workspace, wanted.account) if wanted.account else None
    equal = (
        (tasks.c.state, wanted.state),
        (tasks.c.assignee, wanted.assignee),
        (tasks.c.account, account),
        (tasks.c.episode, wanted.alert),
    )
    query = _tasks(workspace).where(*(column == value for column, value in equal if value is not None))
    values = paging.decode(cursor, (datetime, str)) if cursor else None
    query = paging.after(query, (tasks.c.recorded_at, tasks.c.id), values, descending=True).limit(limit + 1)
    return paging.page(list(connection.execute(query).mappings()), limit, ("recorded_at", "id"))


def _open(connection: Connection, workspace: int, task: str) -> None:
    one = (tasks.c.workspace == workspace, tasks.c.id == task)
    state = connection.scalar(select(tasks.c.state).where(*one).with_for_update())
    if state is None:
        raise NotFoundError(f"There is no task {task!r} in this workspace.")
    if state != "open":
        raise ConflictError("This task is closed already; nothing was changed.")


def _tasks(workspace: int) -> Select[Any]:
    """Tasks with what became of a save: claimed until the account's next outcome, then saved or lost."""
    decided = (
        select(outcomes.c.outcome)
        .where(outcomes.c.workspace == tasks.c.workspace, outcomes.c.account == tasks.c.account)
        .where(outcomes.c.decided_at > tasks.c.closed_at, outcomes.c.outcome.in_((*_KEPT, "churned")))
        .order_by(outcomes.c.decided_at, outcomes.c.id)
        .limit(1)
        .scalar_subquery()
    )
    became = case((decided.in_(_KEPT), "saved"), (decided == "churned", "lost"), else_=literal("claimed"))
    save = case((tasks.c.saved, became), else_=null()).label("save")
    of_account = (accounts.c.workspace == tasks.c.workspace) & (accounts.c.number == tasks.c.account)
    shown = [tasks.c[name] for name in _SHOWN]
    return (
        select(*shown, tasks.c.episode.label("alert"), accounts.c.account, save)
        .join(accounts, of_account)
        .where(tasks.c.workspace == workspace)
    )


def saves(connection: Connection, workspace: int) -> dict[str, int]:
    """How many saves are claimed, how many were renewed afterwards, and how many were lost all the same."""
    each = _tasks(workspace).where(tasks.c.saved).subquery()
    rows = connection.execute(select(each.c.save, func.count().label("tasks")).group_by(each.c.save))
    return {"claimed": 0, "saved": 0, "lost": 0} | {row.save: row.tasks for row in rows}

"""Tasks: what people do about accounts. A save counts only after the renewal that follows it."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query

from api.dependencies import InPath, Reader, Writer
from api.models.common import Page, Paged, Word, shown
from api.models.tasks import ClosingTask, NewTask, Saves, TaskPatch, TaskShown
from api.once import OnceRoute
from api.routes.handling import actor_of
from schemas.database import tasks
from schemas.database.tasks import TaskFilter

router = APIRouter(prefix="/v1", tags=["tasks"], route_class=OnceRoute)


class TaskQuery(Paged):
    """Which tasks."""

    state: Literal["open", "closed"] | None = None
    assignee: Word | None = None
    account: Word | None = None
    alert: Word | None = None


@router.get("/tasks", response_model=Page[TaskShown])
def list_tasks(tenant: Reader, query: Annotated[TaskQuery, Query()]) -> Any:
    """Every task, the newest first."""
    wanted = TaskFilter(**query.model_dump(exclude={"limit", "cursor"}))
    with tenant.reading() as (connection, workspace):
        return shown(tasks.list_tasks(connection, workspace, wanted, query.limit, query.cursor))


@router.post("/tasks", response_model=TaskShown, status_code=201)
def open_task(tenant: Writer, task: NewTask) -> Any:
    """Opens a task on an account, or on the account of an alert."""
    who = actor_of(tenant, task.actor)
    with tenant.writing() as (connection, workspace):
        return tasks.open_task(connection, workspace, task.model_dump(exclude={"actor"}), who)


@router.get("/tasks/{task}", response_model=TaskShown)
def get_task(tenant: Reader, task: InPath) -> Any:
    """One task."""
    with tenant.reading() as (connection, workspace):
        return tasks.get_task(connection, workspace, task)


@router.patch("/tasks/{task}", response_model=TaskShown)
def change_task(tenant: Writer, task: InPath, patch: TaskPatch) -> Any:
    """Gives an open task to somebody else, or changes its words or its day."""
    with tenant.writing() as (connection, workspace):
        return tasks.change_task(connection, workspace, task, patch.model_dump(exclude_unset=True))


@router.post("/tasks/{task}/close", response_model=TaskShown)
def close_task(tenant: Writer, task: InPath, closing: ClosingTask) -> Any:
    """Closes a task, and may claim a save."""
    who = actor_of(tenant, closing.actor)
    with tenant.writing() as (connection, workspace):
        return tasks.close_task(connection, workspace, task, closing.model_dump(exclude={"actor"}), who, tenant.now)


@router.get("/saves", response_model=Saves)
def get_saves(tenant: Reader) -> Any:
    """What came of the saves that were claimed."""
    with tenant.reading() as (connection, workspace):
        return tasks.saves(connection, workspace)

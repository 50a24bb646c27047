"""Tasks as they are sent and shown."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.models.common import Model, example
from schemas.accounts import Id, Moment, Words

_TASK: dict[str, Any] = {
    "title": "Call their new head of operations",
    "assignee": "ada",
    "due_at": "2026-05-04T07:00:00Z",
}
Title = Annotated[Words, Field(min_length=1)]


class NewTask(BaseModel):
    """Something to do about an account, or about an alert on one."""

    model_config = ConfigDict(extra="forbid") | example(**_TASK, alert="0f6c3a1be7d94c58a1d2e3f405162738")

    title: Title
    alert: Id | None = None
    account: Id | None = None
    assignee: Id | None = None
    due_at: Moment | None = None
    actor: Id | None = None

    @model_validator(mode="after")
    def _about_one(self) -> Self:
        if (self.alert is None) == (self.account is None):
            raise ValueError("name either `alert` or `account`")
        return self


class TaskPatch(BaseModel):
    """What changes about an open task; what is not named stays."""

    model_config = ConfigDict(extra="forbid") | example(assignee="kim")

    title: Title | None = None
    assignee: Id | None = None
    due_at: Moment | None = None


class ClosingTask(BaseModel):
    """What came of it. `saved` claims that the customer stays; it counts only once they have renewed."""

    model_config = ConfigDict(extra="forbid") | example(note="they renew in June", saved=True)

    note: Words | None = None
    saved: bool = False
    actor: Id | None = None


class TaskShown(Model):
    """A task; `save` is claimed until the account's next outcome, then saved or lost; null where none was claimed."""

    model_config = example(
        **_TASK, id="tsk_5c1d2e3f40516273", account="acme", alert="0f6c3a1be7d94c58a1d2e3f405162738", state="closed",
        opened_by="ada via crm", closed_by="ada via crm", closed_at="2026-05-04T09:00:00Z", note="they renew in June",
        save="claimed", recorded_at="2026-04-20T09:00:00Z",
    )  # fmt: skip

    id: str
    title: str
    account: str
    alert: str | None
    assignee: str | None
    due_at: datetime | None
    state: Literal["open", "closed"]
    opened_by: str
    closed_by: str | None
    closed_at: datetime | None
    note: str | None
    save: Literal["claimed", "saved", "lost"] | None
    recorded_at: datetime


class Saves(Model):
    """How many saves are claimed and not decided yet, renewed afterwards, and lost all the same."""

    model_config = example(claimed=3, saved=11, lost=2)

    claimed: int
    saved: int
    lost: int

"""What people send to act on alerts."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.models.common import Model, example
from schemas.accounts import Id, Moment, Words
from schemas.handling import Action, Verdict

Episode = Annotated[str, Field(min_length=1, max_length=64)]


class Acting(BaseModel):
    """Why, and who: `actor` is the person, where the key is a tool's; the history names both."""

    model_config = ConfigDict(extra="forbid") | example(reason="I have called them", actor="ada")

    reason: Words | None = None
    actor: Id | None = None


class Snoozing(Acting):
    """Quiet until a moment, whatever happens; without one, until it gets worse."""

    model_config = ConfigDict(extra="forbid") | example(until="2026-05-04T07:00:00Z", reason="they are on a retreat")

    until: Moment | None = None


class Assigning(Acting):
    """Whose it is now; null takes it from whoever has it."""

    model_config = ConfigDict(extra="forbid") | example(assignee="ada", actor="kim")

    assignee: Id | None


class Judging(BaseModel):
    """Whether the alert was right: true, false, or known before."""

    model_config = ConfigDict(extra="forbid") | example(verdict="false", note="their office moved that week")

    verdict: Verdict
    note: Words | None = None
    actor: Id | None = None


class ActingOnMany(Snoozing):
    """One action on up to 500 alerts."""

    model_config = ConfigDict(extra="forbid") | example(
        action="acknowledge", alerts=["0f6c3a1be7d94c58a1d2e3f405162738"], reason="one outage, we are at it"
    )

    action: Action
    alerts: Annotated[list[Episode], Field(min_length=1, max_length=500)]
    assignee: Id | None = None
    verdict: Verdict | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.action == Action.VERDICT) != (self.verdict is not None):
            raise ValueError("`verdict` goes with the action `verdict`, and that one needs it")
        return self


class ActedOn(Model):
    """What became of one alert; `refused` says why nothing of it was changed."""

    id: str
    refused: str | None


class ActedOnMany(Model):
    """How many alerts took the step, and what became of each."""

    model_config = example(
        done=0,
        items=[
            {"id": "0f6c3a1be7d94c58a1d2e3f405162738", "refused": "The alert is resolved now and can't be snoozed."}
        ],
    )

    done: int
    items: list[ActedOn]

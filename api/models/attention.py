"""CSMs and digests as they are sent and shown."""

from datetime import datetime
from typing import Annotated, Any, Self
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from api.models.common import Model, example
from schemas.accounts import Id

_CSM: dict[str, Any] = {
    "time_zone": "Europe/Berlin",
    "working_days": [0, 1, 2, 3, 4],
    "quiet_from": "18:00",
    "quiet_to": "08:00",
    "weekly_budget": 10,
    "email": "ada@example.com",
}


def _there(zone: str) -> str:
    if zone not in available_timezones():
        raise ValueError("it is no time zone's name, as Europe/Berlin is")
    return zone


Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Zone = Annotated[str, Field(max_length=64), AfterValidator(_there)]
Days = Annotated[list[Annotated[int, Field(ge=0, le=6)]], Field(min_length=1, max_length=7)]


class CsmWanted(BaseModel):
    """When a CSM is notified (days from Monday, 0; local time), and of how many new alerts a week one by one."""

    model_config = ConfigDict(extra="forbid") | example(**_CSM)

    time_zone: Zone = "UTC"
    working_days: Days = [0, 1, 2, 3, 4]
    quiet_from: Clock | None = None
    quiet_to: Clock | None = None
    weekly_budget: Annotated[int, Field(ge=0, le=10_000)] | None = None
    email: Id | None = None

    @model_validator(mode="after")
    def _both(self) -> Self:
        if (self.quiet_from is None) != (self.quiet_to is None):
            raise ValueError("quiet hours need both `quiet_from` and `quiet_to`")
        return self


class CsmShown(Model):
    """A CSM with their accounts and open alerts; what they never said stands as it holds for everyone."""

    model_config = example(**_CSM, csm="ada", accounts=41, open_alerts=3, most_urgent=29_453.0)

    csm: str
    accounts: int
    open_alerts: int
    most_urgent: float | None = Field(description="the priority of their most urgent open alert")
    time_zone: str
    working_days: list[int]
    quiet_from: str | None
    quiet_to: str | None
    weekly_budget: int | None
    email: str | None


class Csms(Model):
    """Every CSM that an account names or that said what they want, in order of their names."""

    items: list[CsmShown]


class DigestLine(Model):
    """An alert in a digest."""

    id: str
    kind: str
    state: str
    account: str | None
    name: str | None
    arr: float | None
    currency: str | None
    sentence: str
    next_step: str
    priority: float
    fired_at: datetime
    resolved_at: datetime | None
    worsened: bool
    deferred: bool


class DigestShown(Model):
    """A CSM's week; each list has the most urgent first and at most 50; `counts` says how many there are."""

    csm: str
    since: datetime
    until: datetime
    accounts: int
    judged_arr: float | None
    counts: dict[str, int]
    call_first: list[DigestLine]
    new: list[DigestLine]
    worsened: list[DigestLine]
    resolved: list[DigestLine]
    left_for_digest: list[DigestLine]

"""Webhooks as they are asked for and shown, and what may be sent to them."""

from datetime import datetime
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api.models.common import Model, Paged, ShownOnce, example
from schemas.accounts import Id, Moment, Words
from schemas.alerts import AlertKind
from schemas.messages import TYPES, matching
from schemas.receivers import Receiver


def _reachable(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("it is no http or https address with a host")
    if parts.username or parts.password or parts.fragment:
        raise ValueError("leave name, password and fragment out of the address; the signature says who sends")
    return url


Url = Annotated[str, Field(min_length=1, max_length=2048, pattern=r"^[!-~]+$"), AfterValidator(_reachable)]
Names = Annotated[list[Words], Field(max_length=100)]


def _any_type(pattern: str) -> str:
    if not matching(pattern):
        raise ValueError(f"no message is of this type; there are {', '.join(TYPES)}")
    return pattern


def _any_kind(pattern: str) -> str:
    if not any(fnmatchcase(kind, pattern) for kind in AlertKind):
        raise ValueError(f"no alert is of this kind; there are {', '.join(AlertKind)}")
    return pattern


Pattern = Annotated[str, Field(pattern=r"^[a-z_.*]{1,100}$")]
EventTypes = Annotated[list[Annotated[Pattern, AfterValidator(_any_type)]], Field(max_length=100)]
Kinds = Annotated[list[Annotated[Pattern, AfterValidator(_any_kind)]], Field(max_length=100)]


class NewEndpoint(BaseModel):
    """Where alerts are sent; an empty filter lets everything through, `*` in it stands for any letters."""

    model_config = ConfigDict(extra="forbid") | example(
        url="https://example.com/hooks/ebbtide", event_types=["alert.*"], description="CRM"
    )

    receiver: Receiver = Receiver.WEBHOOK
    url: Url | None = Field(None, description="not for `email`; for `pagerduty` its own if none is given")
    options: dict[str, Any] = Field({}, description="what the receiver needs besides: see docs/webhooks.md")
    event_types: EventTypes = []
    kinds: Kinds = []
    segments: Names = []
    csms: Names = []
    least_priority: float = Field(0, ge=0, description="of alerts; whoever heard of one hears its end")
    description: Words | None = None


class EndpointPatch(BaseModel):
    """What changes about an endpoint; what is not named stays."""

    model_config = ConfigDict(extra="forbid") | example(state="disabled")

    url: Url | None = None
    options: dict[str, Any] | None = None
    event_types: EventTypes | None = None
    kinds: Kinds | None = None
    segments: Names | None = None
    csms: Names | None = None
    least_priority: float | None = Field(None, ge=0)
    description: Words | None = None
    state: Literal["enabled", "disabled"] | None = None


class Endpoint(Model):
    """A webhook endpoint without its secret."""

    id: str
    receiver: str
    url: str = Field(description="of Slack and Teams the beginning: who knows the rest may post")
    options: dict[str, Any]
    event_types: list[str]
    kinds: list[str]
    segments: list[str]
    csms: list[str]
    least_priority: float
    description: str | None
    state: str
    failing_since: datetime | None = Field(description="the first failure since the last success; 5 days disable it")
    paused_until: datetime | None = Field(description="until when it asked to be sent nothing (Retry-After)")
    old_until: datetime | None = Field(description="until when the keys before the last rotation sign too")
    recorded_at: datetime
    messages: dict[str, int] = Field(
        description="how many are not delivered: `waiting`, `failed` (given up), `held` while it was disabled"
    )


class EndpointMade(Endpoint, ShownOnce):
    """An endpoint with new keys: the only time its secret (v1, `whsec_…`) is shown; `public_key` verifies v1a."""

    secret: str
    public_key: str


class ReplayWanted(BaseModel):
    """Which finished messages are sent again: one, whatever became of it, or those of a stretch of time.

    `failed`: of the stretch only those that were given up, or held while the endpoint was disabled.
    """

    model_config = ConfigDict(extra="forbid") | example(since="2026-03-01T00:00:00Z", failed=True)

    webhook_id: Id | None = None
    since: Moment | None = None
    until: Moment | None = None
    failed: bool = True


class Replayed(Model):
    """How many messages are due again, each with the webhook-id it had."""

    messages: int


class Tested(Model):
    """The webhook-id of the test message; the endpoint's attempts show what became of it."""

    webhook_id: str


class EndpointQuery(Paged):
    """Which endpoints."""

    state: Literal["enabled", "disabled"] | None = None
    receiver: Receiver | None = None


class EventType(Model):
    """A type of message, and the JSON schema (2020-12) of what is sent; fields may be added within a version."""

    type: str
    version: int
    says: str
    json_schema: dict[str, Any]


class EventTypeList(Model):
    """Every type of message."""

    items: list[EventType]


class Attempt(Model):
    """One try to deliver a webhook."""

    id: int
    at: datetime
    status: int | None
    seconds: float
    error: str | None
    response: str | None
    webhook_id: str
    alert: str
    event_type: str
    state: str

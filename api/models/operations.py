"""Keys, webhooks, releases, refused events and the pipeline's state as they are shown."""

from datetime import datetime
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api.models.common import Model, Paged, ShownOnce, example
from schemas.accounts import Id, Moment, Words
from schemas.alerts import AlertKind
from schemas.keys import Scope
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


PerSecond = Annotated[float, Field(gt=0, le=1e9, description="events to the collector, requests to the API")]


class NewKey(BaseModel):
    """What a key is called and may do."""

    model_config = ConfigDict(extra="forbid") | example(name="crm sync", scopes=["read", "manage"])

    name: Id
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=10)]
    per_second: PerSecond | None = None


class Rotation(BaseModel):
    """How long the old key goes on beside the new one."""

    model_config = ConfigDict(extra="forbid") | example(overlap_seconds=86_400)

    overlap_seconds: Annotated[int, Field(ge=0, le=90 * 86_400)] = 86_400


class KeyShown(Model):
    """A key without its secret."""

    id: int
    workspace: int
    name: str
    prefix: str
    scopes: list[str]
    per_second: float | None = Field(description="what it may do in a second; null: what the settings say")
    recorded_at: datetime
    revoked_at: datetime | None = Field(description="when it ended, or will end after it was rotated")
    last_used_at: datetime | None = Field(description="to about 10 seconds")


class Keys(Model):
    """A workspace's keys, the newest first."""

    items: list[KeyShown]


class KeyMade(ShownOnce):
    """A new key; this is the only time its secret is shown."""

    model_config = example(name="crm sync", scopes=["read"], prefix="ebb_4Jk2mPq8", key="ebb_4Jk2mPq8…")

    name: str
    scopes: list[Scope]
    prefix: str
    key: str


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


class ReleaseShown(Model):
    """A marked release."""

    release: str
    released_at: datetime
    behaviors: list[str]
    accounts: list[str] | None
    notes: str | None
    recorded_at: datetime


class Rejected(Model):
    """An event that could not be counted: why, and the event as it came."""

    id: int
    stage: str
    code: str
    field: str | None
    message: str
    message_id: str | None
    raw: str
    raw_encoding: Literal["utf-8", "base64"]
    received_at: datetime
    recorded_at: datetime


class Replay(Model):
    """A refused event to mend and send again."""

    id: int
    raw: str
    raw_encoding: Literal["utf-8", "base64"]
    how: str


class Segment(Model):
    """A band of a dimension, with a few figures.

    `judged` is the share of its accounts that are neither too thin to be judged nor without data, `judged_arr` that of
    their ARR (null where none is known).
    """

    model_config = example(
        segment="arr:10k-50k", dimension="arr", band="10k-50k", accounts=120, arr=3_100_000, open_alerts=2,
        judged=0.86, judged_arr=0.94,
    )  # fmt: skip

    segment: str
    dimension: str | None
    band: str | None
    accounts: int
    arr: float
    judged: float | None
    judged_arr: float | None
    open_alerts: int


class Segments(Model):
    """Every segment, the largest first."""

    items: list[Segment]


class Partition(Model):
    """How far one partition is folded; `lag_seconds` is the age of its last heartbeat."""

    topic: str
    partition: int
    next_offset: int
    heartbeat_at: datetime | None
    updated_at: datetime
    lag_seconds: float | None


class Status(Model):
    """How far the pipeline and this workspace's evaluation are."""

    now: datetime
    watermark: datetime | None
    evaluated_to: datetime | None
    dirty_from: datetime | None
    pending_from: datetime | None = Field(None, description="what an evaluation has taken over and not finished yet")
    history_dirty_from: datetime | None
    history_closed: bool
    partitions: list[Partition]
    counts: dict[str, int]

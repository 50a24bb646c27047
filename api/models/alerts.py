"""Alerts as they are shown."""

from datetime import datetime
from typing import Any

from pydantic import Field

from api.models.common import Model, example

_ALERT: dict[str, Any] = {
    "id": "0f6c3a1be7d94c58a1d2e3f405162738",
    "kind": "behavior.dropped",
    "state": "firing",
    "origin": "live",
    "account": {"id": "acme", "name": "Acme GmbH", "arr": 48000, "currency": "EUR", "csm": "ada", "time_zone": "UTC"},
    "segment": "arr:10k-50k",
    "user": None,
    "behavior": "report.exported",
    "onset": "2026-03-02T00:00:00Z",
    "fired_at": "2026-03-09T00:00:00Z",
    "resolved_at": None,
    "csm": "ada",
    "priority": 29_453.0,
    "deferred": False,
    "assignee": "ada",
    "snoozed_until": None,
    "sequence": 1,
    "sentence": "Acme GmbH: report.exported fell from 29 to 5 user-days a week since 2 March; its peers did not.",
    "silenced_by": None,
    "inhibited_by": None,
    "fingerprint": "9b1c8f2d3e4f5061728394a5b6c7d8e9",
    "recorded_at": "2026-03-09T00:15:02Z",
    "observed": 5.0,
    "expected": 29.0,
    "low": 21.0,
    "high": 38.0,
    "ratio": 0.17,
    "since": "2026-03-02",
    "users_before": 6,
    "users_active": 1,
}


class AlertAccount(Model):
    """The account an alert is about."""

    id: str
    name: Any
    arr: Any = None
    currency: Any = None
    csm: Any = None
    time_zone: Any = None


class Alert(Model):
    """One alert. `observed`, `expected`, `low`, `high` are user-days over the finding's window; `since` is local."""

    model_config = example(**_ALERT)

    id: str
    kind: str
    state: str
    origin: str
    account: AlertAccount | None
    segment: str | None
    user: str | None = None
    behavior: str | None
    onset: datetime
    fired_at: datetime
    resolved_at: datetime | None = None
    csm: str | None = Field(None, description="whose account it is")
    priority: float = Field(description="ARR, chance of loss and urgency multiplied; `priority_parts` of one says how")
    deferred: bool = Field(description="left for its CSM's digest: their budget of the week was spent")
    assignee: str | None = Field(None, description="who has it in hand")
    snoozed_until: datetime | None = Field(None, description="null while snoozed: until it gets worse")
    sequence: int
    sentence: str
    silenced_by: str | None = Field(None, description="the silence because of which nobody is notified")
    inhibited_by: str | None = Field(None, description="the alert that says already what this one would")
    fingerprint: str
    recorded_at: datetime
    observed: float | None
    expected: float | None
    low: float | None
    high: float | None
    ratio: float | None
    since: str | None
    users_before: int | None
    users_active: int | None


class TransitionShown(Model):
    """A step of an alert's life: what happened, when, who did it and why, and whether receivers were told."""

    sequence: int
    transition: str
    at: datetime
    actor: str
    reason: str
    told: bool
    recorded_at: datetime


class Delivery(Model):
    """What became of one webhook of an alert."""

    webhook_id: str
    endpoint: str
    receiver: str
    url: str
    event_type: str
    sequence: int
    state: str
    attempts: int
    last_status: int | None
    last_error: str | None
    last_attempt_at: datetime | None


class Verdict(Model):
    """What a person thought of an alert."""

    verdict: str
    actor: str
    note: str | None
    recorded_at: datetime


class PriorityPart(Model):
    """A factor of a priority: its value, where it comes from, and whether it stands in for what is not known."""

    name: str
    value: float
    source: str
    assumed: bool


class Link(Model):
    """Where to look."""

    title: str
    url: str


class Playbook(Model):
    """What to do about an alert: what to check first, what to ask the customer, where to look."""

    title: str
    check: list[str]
    ask: list[str]
    links: list[Link]


class AlertDetail(Alert):
    """One alert with all it rests on, and all that became of it."""

    model_config = example(
        **_ALERT,
        evidence={"detector": "rec", "version": "1", "observed": 5.0, "expected": 29.0, "segment_factor": 0.98},
        transitions=[
            {
                "sequence": 1,
                "transition": "fired",
                "at": "2026-03-09T00:00:00Z",
                "actor": "ebbtide",
                "reason": "the score 6.1 passed 4.0",
                "told": True,
                "recorded_at": "2026-03-09T00:15:02Z",
            }
        ],
        priority_parts=[
            {"name": "arr", "value": 48_000.0, "source": "the account's ARR", "assumed": False},
            {"name": "urgency", "value": 0.33, "source": "the notice deadline is unknown", "assumed": True},
        ],
        playbook={"title": "Acme GmbH does less of report.exported", "check": ["Who stopped?"], "ask": [], "links": []},
        deliveries=[],
        verdicts=[],
    )

    evidence: dict[str, Any] = Field(description="expected, observed, since, who stopped, the peers' change, and more")
    playbook: Playbook | None
    priority_parts: list[PriorityPart]
    transitions: list[TransitionShown]
    deliveries: list[Delivery]
    verdicts: list[Verdict]

"""Accounts, their facts and windows as they are shown."""

from datetime import datetime
from typing import Any, Literal

from api.models.common import Model, example

_FACT = {"valid_from": "2026-01-01T00:00:00Z", "recorded_at": "2026-01-01T00:00:01Z"}


_JUDGED = {
    "behavior.dropped": {"status": "judged", "reason": None},
    "users.inactive": {
        "status": "too_thin",
        "reason": "too thin: 1 of its people came for two weeks, 2 are needed",
    },
}


class JudgedShown(Model):
    """Whether a kind of alert judges an account, and why not: `too_thin` to tell a change from chance, or `no_data`."""

    status: Literal["judged", "too_thin", "no_data"]
    reason: str | None = None


class AccountShown(Model):
    """One account with today's traits; `judged` by kind of alert."""

    model_config = example(
        account="acme",
        traits={"name": "Acme GmbH", "arr": 48000, "plan": "pro", "time_zone": "Europe/Berlin"},
        created_at="2024-05-01T00:00:00Z",
        open_alerts=1,
        judged=_JUDGED,
    )

    account: str
    traits: dict[str, Any]
    created_at: datetime | None
    open_alerts: int
    judged: dict[str, JudgedShown]


class FactShown(Model):
    """Since when it is true, and since when we know it."""

    valid_from: datetime
    recorded_at: datetime


class TraitsShown(FactShown):
    """A patch of traits."""

    traits: dict[str, Any]


class SubscriptionShown(FactShown):
    """A contract's term."""

    model_config = example(
        **_FACT, subscription="acme-2026", term_start="2026-01-01T00:00:00Z", renewal_date="2027-01-01T00:00:00Z",
        notice_deadline="2026-10-01T00:00:00Z", arr=48000, currency="EUR", seats=25, plan="pro",
    )  # fmt: skip

    subscription: str
    term_start: datetime
    renewal_date: datetime | None
    notice_deadline: datetime | None
    arr: float | None
    currency: str | None
    seats: int | None
    plan: str | None


class OutcomeShown(FactShown):
    """What a customer decided."""

    outcome: str
    decided_at: datetime
    effective_at: datetime | None
    arr_before: float | None
    arr_after: float | None
    reason: str | None


class GoalShown(FactShown):
    """An account's own measure of success."""

    goal: str
    unit: str
    direction: str
    baseline: float
    target: float
    starts_at: datetime
    ends_at: datetime
    milestones: list[dict[str, Any]]


class GoalPointShown(FactShown):
    """A level of a goal's series."""

    goal: str
    level: float


class SignalShown(FactShown):
    """A contact that is not product usage."""

    signal: str
    direction: str
    participants: list[str]
    properties: dict[str, Any]


class BehaviorSeen(Model):
    """A behavior of an account in the last 90 days."""

    behavior: str
    events: int
    last_hour: datetime


class AccountDetail(AccountShown):
    """One account with what is known of it; each list holds the latest 100."""

    model_config = example(
        account="acme", traits={"name": "Acme GmbH", "arr": 48000}, created_at="2024-05-01T00:00:00Z", open_alerts=1,
        judged=_JUDGED, recorded_at="2024-05-01T00:00:01Z", users=6,
        behaviors=[{"behavior": "*", "events": 4120, "last_hour": "2026-03-01T16:00:00Z"}],
        facts=[_FACT | {"traits": {"arr": 48000}}], subscriptions=[], outcomes=[], goals=[], goal_points=[], signals=[],
    )  # fmt: skip

    recorded_at: datetime
    users: int
    behaviors: list[BehaviorSeen]
    facts: list[TraitsShown]
    subscriptions: list[SubscriptionShown]
    outcomes: list[OutcomeShown]
    goals: list[GoalShown]
    goal_points: list[GoalPointShown]
    signals: list[SignalShown]


class UserShown(Model):
    """One user."""

    user: str
    role: str | None
    side: str
    traits: dict[str, Any]
    recorded_at: datetime


class Imported(Model):
    """What a bulk import did: facts that say nothing new are not counted, nor kept again."""

    model_config = example(accounts=395, created=390, facts=391)

    accounts: int
    created: int
    facts: int


class WindowShown(Model):
    """One span: when it starts, events, distinct users (the customer's own people), summed value."""

    start: datetime
    events: int
    users: int
    value: float


class Windows(Model):
    """An account's behavior over time."""

    model_config = example(
        account="acme", behavior="*", span="day", days=1, time_zone="Europe/Berlin",
        windows=[{"start": "2026-03-01T23:00:00Z", "events": 41, "users": 6, "value": 41.0}],
    )  # fmt: skip

    account: str
    behavior: str
    span: Literal["hour", "day", "rolling"]
    days: int
    time_zone: str
    windows: list[WindowShown]

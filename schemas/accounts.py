"""The facts about customers: what is known of an account or a user, since when it is true.

Every fact is appended and never changed: `valid_from` says since when it is true, the database adds `recorded_at`,
since when we know it, so that a replay reads what was known then. A trait set to null is taken back.
"""

import math
import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator

TRAITS_BYTES = 32_768
LARGEST = 2**63 - 1
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


class Stage(StrEnum):
    """Where a customer is in its life."""

    IMPLEMENTING = "implementing"
    ONBOARDING = "onboarding"
    GROWING = "growing"
    RENEWING = "renewing"
    CHURNED = "churned"


class OutcomeKind(StrEnum):
    """What a customer decided."""

    RENEWED = "renewed"
    EXPANDED = "expanded"
    CONTRACTED = "contracted"
    CHURNED = "churned"


class Role(StrEnum):
    """What a person is to the account."""

    CHAMPION = "champion"
    SPONSOR = "sponsor"
    ADMIN = "admin"
    MEMBER = "member"


class Side(StrEnum):
    """Whose person it is; only customers count in distinct users, silence and baselines."""

    CUSTOMER = "customer"
    VENDOR = "vendor"
    PARTNER = "partner"
    MACHINE = "machine"


class SignalKind(StrEnum):
    """Contact that is not product usage."""

    CALL = "call"
    MEETING = "meeting"
    EMAIL = "email"
    TICKET = "ticket"
    COMPLAINT = "complaint"
    CONTRACT_CHANGE = "contract_change"


class Flow(StrEnum):
    """Who turned to whom: only inbound signals are the customer's activity."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


class Direction(StrEnum):
    """Which way a goal's level should move."""

    UP = "up"
    DOWN = "down"


def storable(value: Any) -> Any:
    """The value, if the database can hold it as it is; raises a ValueError that says what is in the way."""
    pending = [(value, 0)]
    while pending:
        part, depth = pending.pop()
        if depth > 16:
            raise ValueError("it is nested deeper than 16 levels")
        if isinstance(part, str):
            _check_text(part)
        elif isinstance(part, int) and abs(part) > LARGEST:
            raise ValueError(f"a whole number is larger than {LARGEST:,}")
        elif isinstance(part, float) and not math.isfinite(part):
            raise ValueError("NaN and infinity are not numbers that can be kept")
        elif isinstance(part, dict):
            pending += [(inner, depth + 1) for item in part.items() for inner in item]
        elif isinstance(part, list | tuple):
            pending += [(inner, depth + 1) for inner in part]
    return value


def _check_text(text: str) -> None:
    if "\0" in text:
        raise ValueError("it holds a NUL character")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("it holds half a surrogate pair, which is no character") from None


def _small(traits: dict[str, Any]) -> dict[str, Any]:
    storable(traits)
    try:
        size = len(msgspec.json.encode(traits))
    except (OverflowError, TypeError) as error:
        raise ValueError(f"it can't be written as JSON: {error}") from error
    if size > TRAITS_BYTES:
        raise ValueError(f"it is longer than {TRAITS_BYTES:,} bytes")
    return traits


def _in_utc(moment: datetime) -> datetime:
    """The same moment in UTC: the database takes no offset of 16 hours and more, which ISO 8601 allows."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("in UTC it lies outside the years 1 to 9999") from None


Id = Annotated[str, Field(min_length=1, max_length=256), AfterValidator(storable)]
Words = Annotated[str, Field(max_length=4096), AfterValidator(storable)]
Money = Annotated[float, Field(allow_inf_nan=False, ge=-1e15, le=1e15)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
Traits = Annotated[dict[str, Any], AfterValidator(_small)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", use_enum_values=True)


class Fact(_Model):
    """Anything that is true from some moment on."""

    valid_from: Moment | None = Field(None, description="since when it is true; now, unless said")

    def at(self, now: datetime) -> datetime:
        """Since when it is true."""
        return self.valid_from or now


class AccountPatch(Fact):
    """What changes about an account.

    Known traits: name, arr, currency, plan, region, employees, industry, time_zone, parent, csm, stage,
    purchase_reason, sold_by, pauses; any other is kept too. null takes a trait back.
    """

    traits: Traits = Field(description="a patch: traits that are not named stay as they are")
    created_at: Moment | None = Field(None, description="when the account's life began")


class AccountRow(AccountPatch):
    """One account of a bulk import. Columns it does not know are traits; a date alone is its midnight in UTC."""

    account: Id
    traits: Traits = {}

    @model_validator(mode="before")
    @classmethod
    def gather(cls, row: Any) -> Any:
        """Puts every other column among the traits; an empty cell says nothing."""
        if not isinstance(row, dict):
            return row
        row = {
            "created_at" if key == "created" else key: value for key, value in row.items() if value not in ("", None)
        }
        traits = row.get("traits", {})
        if not isinstance(traits, dict):
            return row
        for name in ("created_at", "valid_from"):
            if isinstance(row.get(name), str) and _DATE.fullmatch(row[name]):
                row[name] += "T00:00:00Z"
        others = {key: value for key, value in row.items() if key not in cls.model_fields}
        known = {key: value for key, value in row.items() if key in cls.model_fields}
        return known | {"traits": traits | others}


class Subscription(Fact):
    """A contract's term, as it stands from `valid_from` on."""

    subscription: Id = Field(description="the contract's own id; a later fact about it replaces the earlier")
    term_start: Moment
    renewal_date: Moment | None = None
    notice_deadline: Moment | None = Field(None, description="the last day on which it can be ended")
    arr: Money | None = None
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] | None = None
    seats: Annotated[int, Field(ge=0, le=2_000_000_000)] | None = None
    plan: Id | None = None


class Outcome(Fact):
    """What a customer decided, and what it meant."""

    outcome: OutcomeKind
    decided_at: Moment
    effective_at: Moment | None = None
    arr_before: Money | None = None
    arr_after: Money | None = None
    reason: Words | None = None


class Milestone(_Model):
    """A step on the way to a goal."""

    name: Id
    due: Moment
    met_at: Moment | None = None


class Goal(Fact):
    """An account's own measure of success."""

    goal: Id
    unit: Id
    direction: Direction
    baseline: Number
    target: Number
    starts_at: Moment
    ends_at: Moment
    milestones: Annotated[list[Milestone], Field(max_length=100)] = []


class GoalPoint(Fact):
    """The level of a goal's series from `valid_from` on."""

    level: Number


class Signal(Fact):
    """A call, meeting, e-mail, ticket, complaint or contract-change request."""

    id: Id = Field(description="your own id of it; sending it twice keeps one")
    signal: SignalKind
    direction: Flow
    participants: Annotated[list[Id], Field(max_length=100)] = []
    properties: Traits = {}


class Release(_Model):
    """A change of the product that may disturb what customers do."""

    release: Id
    released_at: Moment | None = Field(None, description="now, unless said")
    behaviors: Annotated[list[Id], Field(max_length=1000)] = Field([], description="what it touches; empty: anything")
    accounts: Annotated[list[Id], Field(max_length=10_000)] | None = Field(
        None, description="who got it; null: everyone"
    )
    notes: Words | None = None


class UserPatch(Fact):
    """What changes about a user."""

    role: Role | None = None
    side: Side | None = None
    traits: Traits = {}
    account: Id | None = Field(None, description="the account it belongs to from `valid_from` on")

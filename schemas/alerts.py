"""What detection finds and what an alert is: the words that streams writes and api reads."""

import hashlib
from enum import StrEnum
from typing import Any

import msgspec


class AlertKind(StrEnum):
    """What an alert says. Those in DETECTED have a detector; the others wait for theirs."""

    BEHAVIOR_DROPPED = "behavior.dropped"
    BEHAVIOR_NOT_ADOPTED = "behavior.not_adopted"
    SEGMENT_DROPPED = "segment.dropped"
    ACCOUNT_SILENT = "account.silent"
    USERS_INACTIVE = "users.inactive"
    CHAMPION_SILENT = "champion.silent"
    RELEASE_DISRUPTED = "release.disrupted"
    HANDOFF_STALLED = "handoff.stalled"
    INGEST_QUIET = "ingest.quiet"


DETECTED = (
    AlertKind.BEHAVIOR_DROPPED,
    AlertKind.SEGMENT_DROPPED,
    AlertKind.ACCOUNT_SILENT,
    AlertKind.USERS_INACTIVE,
    AlertKind.CHAMPION_SILENT,
    AlertKind.BEHAVIOR_NOT_ADOPTED,
    AlertKind.RELEASE_DISRUPTED,
    AlertKind.INGEST_QUIET,
)
_OF_MANY = (AlertKind.SEGMENT_DROPPED, AlertKind.RELEASE_DISRUPTED, AlertKind.INGEST_QUIET)
ON_ACCOUNTS = tuple(kind for kind in DETECTED if kind not in _OF_MANY)


class AlertState(StrEnum):
    """Where an alert is in its life."""

    PENDING = "pending"
    FIRING = "firing"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    RECOVERING = "recovering"
    RESOLVED = "resolved"
    RETRACTED = "retracted"


class Transition(StrEnum):
    """A step of an alert's life: the first six are detection's, the next six people's; then snoozes and silences."""

    FIRED = "fired"
    WORSENED = "worsened"
    RECOVERING = "recovering"
    RELAPSED = "relapsed"
    RESOLVED = "resolved"
    RETRACTED = "retracted"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    CLOSED = "closed"
    REOPENED = "reopened"
    ASSIGNED = "assigned"
    JUDGED = "judged"
    AWOKE = "awoke"
    MUTED = "muted"
    UNMUTED = "unmuted"


class Origin(StrEnum):
    """Whether an alert was seen as it happened, in an import, or by a rule on trial; only live ones notify anyone."""

    LIVE = "live"
    HISTORY = "history"
    SHADOW = "shadow"


class Subject(msgspec.Struct, frozen=True):
    """What an alert is about. Exactly one of account (its id) and segment is set; user narrows an account."""

    kind: AlertKind
    account: str | None = None
    segment: str | None = None
    user: str | None = None
    behavior: str | None = None


class GoneUser(msgspec.Struct, frozen=True, omit_defaults=True):
    """A person who stopped: when last seen (ISO date), how often before (days a week), how sure we are."""

    user: str
    last_seen: str
    days_a_week: float
    probability_gone: float


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What a finding rests on; every number can be computed again from the windows.

    `observed`, `expected`, `low` and `high` count distinct users a day summed over `window_days` (user-days), low to
    high being the 95 % interval; `ratio` is observed / expected; `segment_factor` is the peers' observed / expected
    with this account left out; dates are the account's local days (ISO); `rules` names the rules it was judged by, and
    `budget` their false alerts a year and account.
    """

    detector: str
    version: str
    behavior: str
    since: str
    window_from: str
    window_to: str
    window_days: int
    observed: float
    expected: float
    low: float
    high: float
    ratio: float
    events_observed: float
    events_expected: float
    score: float
    threshold: float
    segment: str
    segment_factor: float
    segment_accounts: int
    users_before: int
    users_active: int
    users_gone: tuple[GoneUser, ...] = ()
    users_still_active: tuple[str, ...] = ()
    smallest_visible_drop: float | None = None
    quiet_if: str = ""
    next_step: str = ""
    rules: str = ""
    budget: float | None = None
    extra: dict[str, Any] = {}


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A detector's word on one subject at one moment: how strong (score against threshold), since when (local day)."""

    subject: Subject
    score: float
    threshold: float
    onset: str
    evidence: Evidence

    @property
    def crosses(self) -> bool:
        """Whether it is strong enough to open an alert."""
        return self.score >= self.threshold


def fingerprint(workspace: int, subject: Subject) -> str:
    """The same for every episode of one subject: 32 hex digits."""
    parts = (workspace, subject.kind, subject.account, subject.segment, subject.user, subject.behavior)
    return hashlib.blake2b(repr([str(part) for part in parts]).encode(), digest_size=16).hexdigest()


def episode(of_fingerprint: str, opened_at: int) -> str:
    """An alert's id: its fingerprint and its opening moment (ms), hashed to 32 hex digits."""
    return hashlib.blake2b(f"{of_fingerprint}{opened_at}".encode(), digest_size=16).hexdigest()

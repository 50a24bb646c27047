"""What a webhook says: the payload of Standard Webhooks, one type a transition.

`{"type": "alert.firing", "version": 1, "timestamp": …, "data": {…}}`; `data` holds the alert as it stands after the
transition, with its evidence. The text is made once, in the transaction that writes the transition; it is signed.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

import msgspec

from schemas.alerts import Transition
from schemas.lives import AlertRecord, TransitionRecord
from schemas.messages import Account, AlertData, text_of

EVENT_TYPES = {
    Transition.FIRED: "alert.firing",
    Transition.WORSENED: "alert.worsened",
    Transition.RELAPSED: "alert.relapsed",
    Transition.RESOLVED: "alert.resolved",
    Transition.RETRACTED: "alert.retracted",
    Transition.ACKNOWLEDGED: "alert.acknowledged",
    Transition.SNOOZED: "alert.snoozed",
    Transition.CLOSED: "alert.resolved",
    **dict.fromkeys((Transition.REOPENED, Transition.AWOKE, Transition.UNMUTED), "alert.firing"),
}


class Wanted(msgspec.Struct, frozen=True):
    """What an endpoint wants to hear of; an empty filter lets everything through.

    In event types and kinds `*` stands for any letters.
    """

    event_types: list[str] = []
    kinds: list[str] = []
    segments: list[str] = []
    csms: list[str] = []
    least_priority: float = 0

    def passes(
        self, event_type: str, kind: str | None, segments: Sequence[str], csm: str | None, priority: float = 0
    ) -> bool:
        """Whether every filter lets news through; what is on no alert (no `kind`) and no CSM passes their filters.

        >>> Wanted(event_types=["alert.*"]).passes("alert.firing", "account.silent", ["plan:pro"], None)
        True
        >>> Wanted(csms=["kim"]).passes("alert.firing", "account.silent", [], None)
        False
        >>> Wanted(csms=["kim"]).passes("endpoint.disabled", None, [], None)
        True
        >>> Wanted(least_priority=1000).passes("alert.firing", "account.silent", [], None, 999)
        False
        """
        on_alert = kind is not None
        return (
            _named(self.event_types, event_type)
            and (not on_alert or (_named(self.kinds, kind or "") and _among(self.segments, segments)))
            and (not on_alert or priority >= self.least_priority)
            and ((not on_alert and csm is None) or _among(self.csms, [csm or ""]))
        )


class Message(NamedTuple):
    """One leased message; `attempts` counts this one too, `series` names what is told of in order."""

    id: int
    endpoint: str
    webhook_id: str
    payload: str
    attempts: int
    series: str
    receiver: str
    options: dict[str, Any]
    url: str
    keys: list[str]
    workspace: int


class Attempt(NamedTuple):
    """What became of an attempt to deliver. `retry_in` None with `delivered` false: given up.

    `pause`: seconds for which the endpoint wants nothing at all; `disable`: it is gone for good.
    """

    status: int | None
    seconds: float
    error: str | None
    response: str | None
    delivered: bool
    retry_in: float | None = None
    disable: bool = False
    pause: float = 0

    @property
    def state(self) -> str:
        """What the message is after it."""
        return "delivered" if self.delivered else "failed" if self.retry_in is None else "waiting"


def _named(patterns: Sequence[str], name: str) -> bool:
    return not patterns or any(fnmatchcase(name, pattern) for pattern in patterns)


def _among(wanted: Sequence[str], found: Sequence[str]) -> bool:
    return not wanted or not set(wanted).isdisjoint(found)


def payload(alert: AlertRecord, step: TransitionRecord, account: Account | None, now: datetime) -> str:
    """The text that is sent and signed."""
    data = AlertData(
        id=alert.episode,
        sequence=step.sequence,
        transition=step.transition,
        reason=step.reason,
        actor=step.actor,
        at=step.at,
        kind=alert.kind,
        state=alert.state,
        account=account,
        segment=alert.segment,
        behavior=alert.behavior,
        onset=alert.onset,
        fired_at=alert.fired_at,
        resolved_at=alert.resolved_at,
        csm=alert.csm,
        assignee=alert.assignee,
        priority=alert.priority,
        sentence=alert.sentence,
        evidence=step.evidence or alert.evidence,
        fingerprint=alert.fingerprint,
    )
    return text_of(EVENT_TYPES[Transition(step.transition)], data, now)


def webhook_id(endpoint: str, episode: str, sequence: int) -> str:
    """The message's id: the same for every attempt, and for a second try to write it.

    >>> webhook_id("ep_1", "ab", 1) == webhook_id("ep_1", "ab", 1) != webhook_id("ep_1", "ab", 2)
    True
    """
    text = f"{endpoint}\0{episode}\0{sequence}".encode()
    return f"msg_{hashlib.blake2b(text, digest_size=16).hexdigest()}"

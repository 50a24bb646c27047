"""What a webhook says: the payload of Standard Webhooks, one type a transition.

`{"type": "alert.firing", "timestamp": …, "data": {…}}`; `data` holds the alert as it stands after the transition, with
its evidence. The text is made once, in the transaction that writes the transition; it is what gets signed.
"""

import hashlib
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from schemas.alerts import AlertRecord, Transition, TransitionRecord

EVENT_TYPES = {
    Transition.FIRED: "alert.firing",
    Transition.WORSENED: "alert.worsened",
    Transition.RELAPSED: "alert.relapsed",
    Transition.RESOLVED: "alert.resolved",
    Transition.RETRACTED: "alert.retracted",
}


class Wanted(msgspec.Struct, frozen=True):
    """What an endpoint wants to hear of; an empty filter lets everything through."""

    event_types: list[str] = []
    kinds: list[str] = []
    segments: list[str] = []
    csms: list[str] = []

    def hears(self, event_type: str) -> bool:
        """Whether messages of a type are wanted at all."""
        return _any(self.event_types, [event_type])

    def passes(self, event_type: str, kind: str, segments: list[str], csm: str | None) -> bool:
        """Whether every filter lets an alert through; `segments` are all that it is in.

        >>> Wanted(kinds=["account.silent"]).passes("alert.firing", "account.silent", ["plan:pro"], None)
        True
        >>> Wanted(csms=["kim"]).passes("alert.firing", "account.silent", [], None)
        False
        """
        return (
            self.hears(event_type)
            and _any(self.kinds, [kind])
            and _any(self.segments, segments)
            and _any(self.csms, [csm or ""])
        )


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


def _any(wanted: list[str], found: list[str]) -> bool:
    return not wanted or not set(wanted).isdisjoint(found)


def notice(event_type: str, data: dict[str, Any]) -> tuple[str, str]:
    """A message about an endpoint itself: its type, and the text that is sent and signed."""
    return event_type, msgspec.json.encode({"type": event_type, "data": data}).decode()


def payload(alert: AlertRecord, step: TransitionRecord, account: dict[str, Any] | None, now: datetime) -> str:
    """The text that is sent and signed."""
    data = {
        "id": alert.episode,
        "sequence": step.sequence,
        "transition": step.transition,
        "reason": step.reason,
        "at": step.at,
        "kind": alert.kind,
        "state": alert.state,
        "account": account,
        "segment": alert.segment,
        "behavior": alert.behavior,
        "onset": alert.onset,
        "fired_at": alert.fired_at,
        "resolved_at": alert.resolved_at,
        "sentence": alert.sentence,
        "evidence": step.evidence,
    }
    event_type = EVENT_TYPES[Transition(step.transition)]
    return msgspec.json.encode({"type": event_type, "timestamp": now, "data": data}).decode()


def webhook_id(endpoint: str, episode: str, sequence: int) -> str:
    """The message's id: the same for every attempt, and for a second try to write it.

    >>> webhook_id("ep_1", "ab", 1) == webhook_id("ep_1", "ab", 1) != webhook_id("ep_1", "ab", 2)
    True
    """
    text = f"{endpoint}\0{episode}\0{sequence}".encode()
    return f"msg_{hashlib.blake2b(text, digest_size=16).hexdigest()}"

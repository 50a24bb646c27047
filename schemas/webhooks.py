"""What a webhook says: the payload of Standard Webhooks, one type a transition.

`{"type": "alert.firing", "timestamp": …, "data": {…}}`; `data` holds the alert as it stands after the transition, with
its evidence. The text is made once, in the transaction that writes the transition; it is what gets signed.
"""

import hashlib
from datetime import datetime
from typing import Any

import msgspec

from schemas.alerts import AlertRecord, Transition, TransitionRecord

EVENT_TYPES = {
    Transition.FIRED: "alert.firing",
    Transition.WORSENED: "alert.worsened",
    Transition.RELAPSED: "alert.relapsed",
    Transition.RESOLVED: "alert.resolved",
    Transition.RETRACTED: "alert.retracted",
}


def wants(event_types: list[str], event_type: str) -> bool:
    """Whether an endpoint with these types (none: all) is told."""
    return not event_types or event_type in event_types


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

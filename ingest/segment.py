"""Segment's and RudderStack's calls as events.

>>> from ingest.events import Arrival
>>> call = decode(b'{"type": "track", "event": "Report Exported", "userId": 7, "context": {"groupId": "acme"}}')
>>> event = to_event(call, Arrival(received=1_700_000_000_000), 0)
>>> event.name, event.user, event.account, event.time
('Report Exported', '7', 'acme', 1700000000000)
"""

from typing import Any

import msgspec

from ingest.errors import InvalidError
from ingest.events import Arrival, Id, account_in, build, text_of
from ingest.moments import Moment, happened_at, skew_of
from schemas.events import Kind, UsageEvent

_VIEWS = {"page": "Page Viewed", "screen": "Screen Viewed"}


class Context(msgspec.Struct, rename="camel", gc=False):
    """What we read of a call's context; the rest is skipped unread."""

    group_id: Id = None
    user_agent: Any = None
    traits: dict[str, Any] | None = None


class Call(msgspec.Struct, rename="camel", gc=False):
    """One call of any type."""

    type: str | None = None
    event: str | None = None
    name: str | None = None
    category: str | None = None
    message_id: Id = None
    user_id: Id = None
    anonymous_id: Id = None
    previous_id: Id = None
    group_id: Id = None
    timestamp: Moment = None
    original_timestamp: Moment = None
    sent_at: Moment = None
    properties: dict[str, Any] | None = None
    traits: dict[str, Any] | None = None
    context: Context | None = None


decode = msgspec.json.Decoder(Call).decode


def to_event(call: Call, arrival: Arrival, skew: int) -> UsageEvent:
    """A call as an event; `skew` is how far its sender's clock is ahead (ms). Raises InvalidError."""
    context = call.context or Context()
    properties = call.properties or {}
    user = text_of(call.user_id, "userId") or text_of(call.anonymous_id, "anonymousId")
    account = (
        text_of(call.group_id, "groupId") or text_of(context.group_id, "context.groupId") or account_in(properties)
    )
    moment = call.timestamp if call.timestamp is not None else call.original_timestamp
    if call.sent_at is not None:
        skew = skew_of(call.sent_at, arrival.received)
    time = happened_at(moment, skew, arrival.received)
    kind, name = Kind.TRACK, ""
    match call.type:
        case "track":
            name = call.event or ""
        case "page" | "screen" as view:
            name = _VIEWS[view]
            named = {"name": call.name, "category": call.category}
            properties = {key: value for key, value in named.items() if value} | properties
        case _:
            kind, properties = _fact(call, context, user, account)
    return build(
        arrival,
        id=call.message_id,
        time=time,
        kind=kind,
        name=name,
        account=account,
        user=user,
        properties=properties,
        agent=context.user_agent,
    )


def _fact(call: Call, context: Context, user: str | None, account: str | None) -> tuple[Kind, dict[str, Any]]:
    traits = call.traits if call.traits is not None else context.traits or {}
    match call.type:
        case "identify":
            if user is None:
                raise InvalidError("user_missing", "An identify call needs a userId or an anonymousId.", "userId")
            return Kind.IDENTIFY, traits
        case "group":
            if account is None:
                raise InvalidError("account_missing", "A group call needs a groupId.", "groupId")
            return Kind.GROUP, traits
        case "alias":
            previous = text_of(call.previous_id, "previousId")
            if user is None or previous is None:
                raise InvalidError("user_missing", "An alias call needs a userId and a previousId.", "previousId")
            return Kind.ALIAS, {"previous": previous}
        case None:
            raise InvalidError("type_missing", "The call has no type; send track, page, group, identify …", "type")
        case other:
            raise InvalidError("type_unknown", f"The type {other[:40]!r} is none of Segment's.", "type")

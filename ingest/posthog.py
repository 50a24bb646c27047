"""PostHog's captures as events.

>>> from ingest.events import Arrival
>>> capture = decode(b'{"event": "report", "distinct_id": "ada", "properties": {"$groups": {"company": "acme"}}}')
>>> event = to_event(capture, Arrival(received=1_700_000_000_000), 0)
>>> event.name, event.user, event.account
('report', 'ada', 'acme')
"""

from typing import Any

import msgspec

from ingest.errors import InvalidError
from ingest.events import Arrival, Id, account_in, build, text_of
from ingest.moments import Moment, happened_at, skew_of
from schemas.events import Kind, UsageEvent


class Capture(msgspec.Struct):
    """One captured event. What capture v1 lifts out of the properties is not needed here."""

    event: str | None = None
    distinct_id: Id = None
    uuid: Id = None
    timestamp: Moment = None
    sent_at: Moment = None
    offset: Any = None
    properties: dict[str, Any] | None = None
    set_: dict[str, Any] | None = msgspec.field(default=None, name="$set")


decode = msgspec.json.Decoder(Capture).decode


def to_event(capture: Capture, arrival: Arrival, skew: int) -> UsageEvent:
    """A capture as an event; `skew` is how far its sender's clock is ahead (ms). Raises InvalidError."""
    properties = capture.properties or {}
    user = text_of(_id(capture.distinct_id, properties.get("distinct_id")), "distinct_id")
    account = _grouped(properties, arrival.group_type) or account_in(properties)
    agent = properties.get("$raw_user_agent") or properties.get("$user_agent")
    kind, name = Kind.TRACK, ""
    match capture.event:
        case "$groupidentify":
            kind, account, user = Kind.GROUP, *_group(properties, arrival.group_type, user)
            properties = _object(properties.get("$group_set"))
        case "$identify" | "$set":
            kind, properties = Kind.IDENTIFY, _object(capture.set_ or properties.get("$set"))
        case "$create_alias":
            kind, user, properties = Kind.ALIAS, *_alias(properties, user)
        case other:
            name = other or ""
            properties = {key: value for key, value in properties.items() if key not in _ENVELOPE}
    if capture.sent_at is not None:
        skew = skew_of(capture.sent_at, arrival.received)
    return build(
        arrival,
        id=_id(capture.uuid, properties.get("$insert_id")),
        time=_time(capture, arrival, skew),
        kind=kind,
        name=name,
        account=account,
        user=user,
        properties=properties,
        agent=agent,
    )


_ENVELOPE = frozenset({"token", "distinct_id", "$groups", "$lib", "$lib_version", "$sdk_debug_retry_queue_size"})


def _id(*candidates: Any) -> Id:
    return next((value for value in candidates if type(value) in (str, int, float)), None)


def _object(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, dict) else {}


def _time(capture: Capture, arrival: Arrival, skew: int) -> int:
    """posthog-js sends how many milliseconds ago it was, in place of a timestamp."""
    if capture.timestamp is None and type(capture.offset) in (int, float):
        return min(max(0, arrival.received - int(capture.offset)), arrival.received)
    return happened_at(capture.timestamp, skew, arrival.received)


def _grouped(properties: dict[str, Any], group_type: str) -> str | None:
    groups = properties.get("$groups")
    if not isinstance(groups, dict):
        return None
    return text_of(_id(groups.get(group_type)), f"properties.$groups.{group_type}")


def _group(properties: dict[str, Any], group_type: str, user: str | None) -> tuple[str, str | None]:
    """The account and the user of a group call; the SDKs make up a distinct id where none is given."""
    if properties.get("$group_type") != group_type:
        raise InvalidError(
            "group_type_unknown",
            f"Groups of type {str(properties.get('$group_type'))[:40]!r} are no accounts here; "
            f"the setting EBBTIDE_GROUP_TYPE is {group_type!r}.",
            "properties.$group_type",
        )
    account = text_of(_id(properties.get("$group_key")), "properties.$group_key")
    if account is None:
        raise InvalidError("account_missing", "A $groupidentify needs a $group_key.", "properties.$group_key")
    made_up = user in (f"{group_type}_{account}", f"${group_type}_{account}")
    return account, None if made_up else user


def implied(capture: Capture, event: UsageEvent) -> list[UsageEvent]:
    """What a capture says besides: an $identify names the anonymous id that its user had before.

    The id of that is made of the capture's own, so that it counts once however often it is sent. Raises InvalidError.
    """
    if capture.event != "$identify":
        return []
    previous = text_of(_id((capture.properties or {}).get("$anon_distinct_id")), "properties.$anon_distinct_id")
    if previous is None or previous == event.user:
        return []
    said = {"kind": Kind.ALIAS, "id": f"{event.id}/alias", "properties": {"previous": previous}}
    return [msgspec.structs.replace(event, **said)]


def _alias(properties: dict[str, Any], user: str | None) -> tuple[str, dict[str, Any]]:
    """Posthog's alias(previous, id) sends the previous one as distinct_id and the new one as alias."""
    alias = text_of(_id(properties.get("alias")), "properties.alias")
    if alias is None or user is None:
        raise InvalidError("user_missing", "A $create_alias needs distinct_id and alias.", "properties.alias")
    return alias, {"previous": user}

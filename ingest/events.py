"""What every wire format shares: who, which account, which name, and the one way to build a `UsageEvent`.

The order in which an account is found: the call's own group, its context's group, PostHog's $groups, a property.
"""

import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from ingest.errors import InvalidError
from ingest.limits import TEXT
from ingest.reading import check_depth
from schemas.events import SIGNAL_PREFIX, SIGNALS, Kind, UsageEvent

Id = str | int | float | None

ACCOUNT_PROPERTIES = ("account_id", "accountId", "groupId", "company")
BOT = "$bot"
IP = ("$ip", "ip")
_BOT = re.compile(
    r"bot\b|crawl|spider|slurp|headless|lighthouse|phantomjs|facebookexternalhit|pingdom|uptime|monitoring",
    re.IGNORECASE,
)


class Arrival(msgspec.Struct, frozen=True):
    """What the parsers know of a request: when it came (ms), and the settings that change how it is read.

    `new_id` makes the ids of events that come without one.
    """

    received: int
    group_type: str = "company"
    keep_ip: bool = False
    new_id: Callable[[], str] = lambda: uuid.uuid4().hex


def text_of(value: Id, field: str) -> str | None:
    """An id as text: numbers become strings, an empty one is none. Raises InvalidError."""
    if value is None:
        return None
    if type(value) is not str:
        value = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    text = value.strip()
    if len(text) > TEXT:
        raise InvalidError("too_long", f"{field} has {len(text):,} characters, more than {TEXT}.", field)
    return text or None


def account_in(properties: Mapping[str, Any]) -> str | None:
    """The account that a property names: an id, or an object with one. Raises InvalidError."""
    for name in ACCOUNT_PROPERTIES:
        value = properties.get(name)
        if value is None:
            continue
        if isinstance(value, dict):
            value = value.get("id")
        if type(value) in (str, int, float):
            found = text_of(value, f"properties.{name}")
            if found:
                return found
    return None


def build(  # noqa: PLR0913 - the fields of an event
    arrival: Arrival,
    *,
    id: Id,  # noqa: A002 - its name in the event
    time: int,
    kind: Kind,
    name: str,
    account: str | None,
    user: str | None,
    properties: dict[str, Any],
    agent: Any = None,
) -> UsageEvent:
    """The event, checked. `properties` is taken over and may be changed; `agent` is the client's user agent."""
    check_depth(properties, level=2)
    if kind is Kind.TRACK:
        name = _checked_name(name)
        if name.startswith(SIGNAL_PREFIX) and _is_outbound(name, properties):
            kind = Kind.OUTBOUND
    if account is None and user is None:
        raise InvalidError(
            "user_missing", "Nobody is named: send a userId, an anonymousId (distinct_id) or an account.", "userId"
        )
    if not arrival.keep_ip:
        for key in IP:
            properties.pop(key, None)
    if is_bot(agent):
        properties[BOT] = True
    return UsageEvent(
        id=text_of(id, "messageId") or arrival.new_id(),
        time=time,
        kind=kind,
        name=name,
        account=account,
        user=user,
        properties=properties,
    )


def is_bot(agent: Any) -> bool:
    """Whether a user agent says that it is a bot's."""
    return type(agent) is str and _BOT.search(agent) is not None


def _checked_name(name: str) -> str:
    name = name.strip()
    if not name:
        raise InvalidError("name_missing", "The event has no name.", "event")
    if len(name) > TEXT:
        raise InvalidError("too_long", f"The event's name has {len(name):,} characters, more than {TEXT}.", "event")
    return name


def _is_outbound(name: str, properties: Mapping[str, Any]) -> bool:
    return name[len(SIGNAL_PREFIX) :] in SIGNALS and properties.get("direction") == "outbound"

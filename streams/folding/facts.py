"""What GROUP, IDENTIFY, ALIAS and signals say about customers. Pure: events in, rows for the database out."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from schemas.accounts import AccountRow, storable
from schemas.clock import to_datetime
from schemas.database.rows import Alias, Joined, SignalFact, UserFact
from schemas.events import SIGNAL_PREFIX, SIGNALS, Kind, UsageEvent
from streams.folding.records import LONGEST


@dataclass
class Facts:
    """Everything a micro-batch says about customers."""

    accounts: dict[int, list[AccountRow]] = field(default_factory=dict)
    users: list[UserFact] = field(default_factory=list)
    joined: list[Joined] = field(default_factory=list)
    aliases: list[Alias] = field(default_factory=list)
    signals: list[SignalFact] = field(default_factory=list)


Number = Callable[[str], int]


def say(facts: Facts, workspace: int, event: UsageEvent, account: Number, user: Number) -> None:
    """Adds what a GROUP, IDENTIFY or ALIAS says. Raises ValueError, in words, where that can't be kept."""
    _check(event.properties)
    match event.kind:
        case Kind.GROUP if event.account:
            row = {"account": event.account, "traits": event.properties, "valid_from": to_datetime(event.time)}
            facts.accounts.setdefault(workspace, []).append(AccountRow.model_validate(row))
            if event.user:
                facts.joined.append(Joined(workspace, user(event.user), event.time, account(event.account)))
        case Kind.IDENTIFY if event.user:
            facts.users.append(UserFact(workspace, user(event.user), event.time, event.properties))
        case Kind.ALIAS if event.user and (before := previous(event.properties)):
            facts.aliases.append(Alias(workspace, user(before), user(event.user), event.time))
        case _:
            raise ValueError(f"a {event.kind.name.lower()} call that does not name whom it is about")


def previous(properties: dict[str, Any]) -> str | None:
    """The id that an ALIAS says its user had before; None where it says none that can be kept."""
    said = properties.get("previous")
    return said if isinstance(said, str) and 0 < len(said) <= LONGEST and "\0" not in said else None


def signal(workspace: int, account: int, event: UsageEvent, id_hash: bytes) -> SignalFact | None:
    """The signal an event is, or None where it is none (or one that can't be stored, whose event still counts)."""
    name = event.name.removeprefix(SIGNAL_PREFIX)
    if not event.name.startswith(SIGNAL_PREFIX) or name not in SIGNALS:
        return None
    people = event.properties.get("participants")
    participants = [one for one in people if isinstance(one, str)] if isinstance(people, list) else []
    try:
        _check({"participants": participants, **event.properties})
    except ValueError:
        return None
    direction = "outbound" if event.kind == Kind.OUTBOUND else "inbound"
    return SignalFact(workspace, account, name, direction, participants, id_hash, _plain(event.properties), event.time)


def _check(properties: dict[str, Any]) -> None:
    storable(properties)
    try:
        msgspec.json.encode(properties)
    except (TypeError, OverflowError) as error:
        raise ValueError(f"its properties can't be written as JSON: {error}") from error


def _plain(properties: dict[str, Any]) -> dict[str, Any]:
    return msgspec.json.decode(msgspec.json.encode(properties), type=dict[str, Any])

"""One event, whatever its wire format was, and the kinds of it."""

from collections.abc import Callable
from enum import IntEnum
from typing import Any

import msgspec
import xxhash

SIGNAL_PREFIX = "signal."
SIGNALS = frozenset({"call", "meeting", "email", "ticket", "complaint", "contract_change"})


class Kind(IntEnum):
    """What a call says. Only TRACK is counted in windows; the others are facts about accounts and users."""

    TRACK = 0  # something was done; a page or screen view is one too
    IDENTIFY = 1  # traits of a user
    GROUP = 2  # traits of an account, and the user's membership in it
    ALIAS = 3  # two ids are one user
    OUTBOUND = 4  # a signal that we sent ourselves: kept, never counted as the customer's activity


class UsageEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One valid event.

    `id` is the client's own (messageId, uuid), `time` is when it happened in milliseconds since the epoch. `account` is
    the account the call itself names; without one, the user's membership decides. For GROUP `properties` are the
    account's traits, for IDENTIFY the user's, for ALIAS `{"previous": id}`.
    """

    id: str
    time: int
    kind: Kind = Kind.TRACK
    name: str = ""
    account: str | None = None
    user: str | None = None
    properties: dict[str, Any] = {}

    @property
    def routing(self) -> str:
        """The key that decides slot and partition."""
        return self.account or self.user or self.id


def id_hasher(workspace: int) -> Callable[[str], bytes]:
    """Gives 128 bits that stand for (workspace, id): what dedupe and audit compare.

    xxh3 is not cryptographic; a tenant who builds collisions drops only events of its own.
    """
    prefix = f"{workspace}\0"
    digest = xxhash.xxh3_128_digest
    return lambda event_id: digest((prefix + event_id).encode())


def id_hash(workspace: int, event_id: str) -> bytes:
    """The same for one id."""
    return id_hasher(workspace)(event_id)

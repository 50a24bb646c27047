"""Who is evaluated: a workspace's accounts, behaviors and users, as of now."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from schemas.days import zone_of
from schemas.segments import EVERYONE, segment_of
from schemas.windows import ALL, ALL_NUMBER
from streams.calendar import region_of


class Account(msgspec.Struct, frozen=True):
    """What detection knows of an account. `segment` is its peers' name, `region` where it keeps holidays."""

    number: int
    account: str
    name: str
    segment: str = EVERYONE
    region: str = ""
    time_zone: str = "UTC"


@dataclass(frozen=True)
class World:
    """A workspace, frozen for one evaluation. `behaviors` are those judged; `strangers` users who are no customers."""

    workspace: int
    accounts: Mapping[int, Account]
    behaviors: Mapping[int, str]
    users: Mapping[int, str]
    strangers: NDArray[np.int64]
    time_zone: str = "UTC"

    @cached_property
    def zones(self) -> list[str]:
        """The time zones whose days must be over before a day is evaluated."""
        return sorted({account.time_zone for account in self.accounts.values()} or {self.time_zone})

    def on(self, day: int) -> "World":  # noqa: ARG002 - it is the same on all days, so far
        """The workspace as of a day (since 1970-01-01); the same object for as long as nothing changes."""
        return self

    def user(self, number: int) -> str:
        """A user's id, as it was sent."""
        return self.users.get(number, f"user {number}") if number else "somebody without an id"


def account_of_traits(
    number: int, account: str, traits: dict[str, Any], zone: str = "UTC", by: str | None = None
) -> Account:
    """An account as its traits describe it; `by` names the trait whose values are the segments, if one was chosen."""
    value = traits.get(by) if by else None
    segment = f"{by}:{value}" if value not in (None, "") else segment_of(traits)
    name = traits.get("name")
    return Account(
        number,
        account,
        name if isinstance(name, str) and name else account,
        EVERYONE if by == EVERYONE else segment,
        region_of(traits),
        zone_of(traits, zone),
    )


def judged(behaviors: Mapping[int, tuple[str, bool]]) -> dict[int, str]:
    """The behaviors that detection judges: `*`, and those declared `key: true`. Fewer false alarms matter more."""
    return {ALL_NUMBER: ALL} | {number: name for number, (name, is_key) in behaviors.items() if is_key}

"""Who is evaluated: a workspace's accounts, behaviors and users, and what accounts were on earlier days."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from schemas.days import zone_of
from schemas.identities import People
from schemas.segments import EVERYONE, segment_of
from schemas.windows import ALL, ALL_NUMBER
from streams.calendar import region_of


class Account(msgspec.Struct, frozen=True):
    """What detection knows of an account. `segment` is its peers' name, `region` where it keeps holidays.

    `began`: its first day as a customer, in days since 1970-01-01; -1: nobody said.
    """

    number: int
    account: str
    name: str
    segment: str = EVERYONE
    region: str = ""
    time_zone: str = "UTC"
    began: int = -1


@dataclass(frozen=True)
class World:
    """A workspace, frozen for one evaluation.

    Attributes:
        workspace: Its number.
        accounts: Every account, as it is on the last day evaluated.
        behaviors: Those that are judged.
        users: Each user's id.
        strangers: People who are no customers.
        champions: Users whose role is champion, sorted.
        heard: Days on which an account was heard from without an event (a call, a ticket): day << 32 | account, sorted.
        time_zone: Where the workspace is at home.
        spells: For accounts that change within the evaluated days: since which day each is what, in order.
        people: Which users are one person.
    """

    workspace: int
    accounts: Mapping[int, Account]
    behaviors: Mapping[int, str]
    users: Mapping[int, str]
    strangers: NDArray[np.int64]
    champions: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    heard: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    time_zone: str = "UTC"
    spells: Mapping[int, Sequence[tuple[int, Account]]] = field(default_factory=dict)
    people: People = field(default_factory=lambda: People({}))

    @cached_property
    def zones(self) -> list[str]:
        """The time zones whose days must be over before a day is evaluated."""
        earlier = {account.time_zone for spells in self.spells.values() for _, account in spells}
        return sorted({account.time_zone for account in self.accounts.values()} | earlier or {self.time_zone})

    def on(self, day: int) -> "World":
        """The workspace with every account as it was on a day; the same object for as long as nothing changes."""
        if not self._turns:
            return self
        stretch = bisect_right(self._turns, day)
        if stretch not in self._made:
            self._made.clear()
            self._made[stretch] = replace(self, accounts={**self.accounts, **self._then(day)}, spells={})
        return self._made[stretch]

    @cached_property
    def _turns(self) -> list[int]:
        """The days on which accounts change."""
        return sorted({day for spells in self.spells.values() for day, _ in spells[1:]})

    @cached_property
    def _made(self) -> dict[int, "World"]:
        """The last workspace that was asked for, by how many turns lie before it."""
        return {}

    def _then(self, day: int) -> dict[int, Account]:
        return {
            number: spells[max(0, bisect_right(spells, day, key=lambda spell: spell[0]) - 1)][1]
            for number, spells in self.spells.items()
        }

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

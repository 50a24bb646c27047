"""Who is evaluated: a workspace's accounts, behaviors and users, and what accounts were on earlier days."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from schemas.accounts import Stage
from schemas.behaviors import Definition
from schemas.clock import to_ms
from schemas.days import local_date, zone_of
from schemas.identities import People
from schemas.segments import EVERYONE, segment_of
from schemas.windows import ALL, ALL_NUMBER
from streams.calendar import day_number, region_of


class Account(msgspec.Struct, frozen=True):
    """What detection knows of an account. `segment` is its peers' name, `region` where it keeps holidays.

    `created` is the local day on which its life began (None: not told), `pauses` the agreed ones, first and last day.
    One that has `left` is no customer any more: nothing of it is judged.
    """

    number: int
    account: str
    name: str
    segment: str = EVERYONE
    region: str = ""
    time_zone: str = "UTC"
    created: int | None = None
    pauses: tuple[tuple[int, int], ...] = ()
    left: bool = False


class Release(NamedTuple):
    """A marked release: the moment (ms), the behaviors it touches (empty: any), who got it (None: everyone).

    It counts from day `since` on: a day that was judged before it was marked knows nothing of it.
    """

    name: str
    at: int
    behaviors: frozenset[str] = frozenset()
    accounts: frozenset[str] | None = None
    since: int = 0


class Adoption(NamedTuple):
    """What is declared of a behavior's adoption; asked from day `since` on."""

    definition: Definition
    since: int = 0


@dataclass(frozen=True)
class World:
    """A workspace, frozen for one evaluation.

    Attributes:
        workspace: Its number.
        accounts: Every account, as it is on the last day evaluated.
        behaviors: Those that are judged.
        users: Each user's id.
        strangers: People who are no customers.
        champions: Users whose role is champion today, sorted.
        championed: For evaluated days on which others were: since which day who was, in order.
        heard: Days on which an account was heard from without an event (a call, a ticket): day << 32 | account, sorted.
        time_zone: Where the workspace is at home.
        adoptions: By behavior, what is declared of its adoption.
        releases: Those that may disturb what customers do.
        spells: For accounts that change within the evaluated days: since which day each is what, in order.
        people: Which users are one person.
    """

    workspace: int
    accounts: Mapping[int, Account]
    behaviors: Mapping[int, str]
    users: Mapping[int, str]
    strangers: NDArray[np.int64]
    champions: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    championed: Sequence[tuple[int, NDArray[np.int64]]] = ()
    heard: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    time_zone: str = "UTC"
    adoptions: Mapping[int, Adoption] = field(default_factory=dict)
    releases: Sequence[Release] = ()
    spells: Mapping[int, Sequence[tuple[int, Account]]] = field(default_factory=dict)
    people: People = field(default_factory=lambda: People({}))

    @cached_property
    def zones(self) -> list[str]:
        """The time zones whose days must be over before a day is evaluated."""
        earlier = {account.time_zone for spells in self.spells.values() for _, account in spells}
        return sorted({account.time_zone for account in self.accounts.values()} | earlier or {self.time_zone})

    def champions_on(self, day: int) -> NDArray[np.int64]:
        """Who was a champion on a day, as it was known then."""
        at = bisect_right(self.championed, day, key=lambda since: since[0]) - 1
        return self.championed[at][1] if at >= 0 else self.champions

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

    def in_segment(self, segment: str) -> NDArray[np.bool_]:
        """By number, which accounts are customers of a segment; of `everyone`: which are customers at all."""
        return self._segments.get(segment, np.zeros_like(self._segments[EVERYONE]))

    @cached_property
    def _segments(self) -> dict[str, NDArray[np.bool_]]:
        size = max(self.accounts, default=0) + 1
        found = {EVERYONE: np.zeros(size, np.bool_)}
        for number, account in self.accounts.items():
            for name in {EVERYONE, account.segment}:
                found.setdefault(name, np.zeros(size, np.bool_))[number] = not account.left
        return found

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
        created_on(traits.get("created"), zone_of(traits, zone)),
        pauses_of(traits.get("pauses")),
        traits.get("stage") == Stage.CHURNED,
    )


def created_on(moment: Any, zone: str) -> int | None:
    """The local day (since 1970-01-01) of a moment: a datetime, or ISO 8601; None where it is neither."""
    try:
        found = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
        if isinstance(found, datetime):
            return day_number(local_date(zone, to_ms(found)) if found.tzinfo else found.date())
    except (ValueError, OverflowError):
        pass
    return None


def pauses_of(told: Any) -> tuple[tuple[int, int], ...]:
    """Agreed pauses as first and last day; what says no two days in order is no pause.

    >>> pauses_of([{"from": "1970-01-03", "to": "1970-01-05"}, {"from": "soon"}])
    ((2, 4),)
    """
    found = []
    for pause in told if isinstance(told, list) else ():
        try:
            first, last = (day_number(date.fromisoformat(pause[name][:10])) for name in ("from", "to"))
        except (ValueError, TypeError, KeyError):
            continue
        found += [(first, last)] if first <= last else []
    return tuple(found)


def judged(behaviors: Mapping[int, Definition]) -> dict[int, str]:
    """The behaviors that detection judges: `*`, and those declared so. Fewer false alarms matter more.

    >>> declared = Definition(name="report", events=("report.*",), key=True)
    >>> judged({1: Definition(name="login", events=("login",)), 2: declared})
    {0: '*', 2: 'report'}
    """
    return {ALL_NUMBER: ALL} | {number: one.name for number, one in behaviors.items() if one.judged}


def adoptions_of(behaviors: Mapping[int, Definition]) -> dict[int, Adoption]:
    """The behaviors whose adoption is declared."""
    return {number: Adoption(one) for number, one in behaviors.items() if one.due_day is not None}

"""Who is in a story, and what they do. Days are counted from the first of history; from LIVE on they are played."""

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

FIRST = date(2025, 3, 3)  # a Monday
LIVE = 203  # Monday 22 September 2025
END = 247  # Wednesday 5 November 2025: both Berlin and New York have put their clocks back


def on(day: int) -> date:
    """The date of a day."""
    return FIRST + timedelta(days=day)


def day_of(moment: str) -> int:
    """The day of a moment as the API writes it, in UTC."""
    return (datetime.fromisoformat(moment).astimezone(UTC).date() - FIRST).days


def weekdays(first: int = 0, last: int = END, *, but: Iterable[int] = ()) -> list[int]:
    """Mondays to Fridays from `first` on and before `last`, without those of `but`."""
    away = set(but)
    return [day for day in range(first, last) if day % 7 < 5 and day not in away]


class Visit(NamedTuple):
    """One person's event: when it happened, and when it was sent, which may be days later."""

    at: datetime
    sent: datetime
    account: str
    user: str
    event: str


class Release(NamedTuple):
    """A release that some accounts get on a day."""

    name: str
    day: int
    accounts: list[str]


class Account:
    """A customer; `visits` is all its people do, `champion` the one whose role that is."""

    def __init__(self, name: str, traits: dict[str, object]) -> None:
        self.name, self.traits = name, {"name": name.title(), "plan": "pro", **traits}
        self.visits: list[Visit] = []
        self.champion = ""
        self._zone = ZoneInfo(str(traits.get("time_zone", "UTC")))

    def comes(
        self,
        people: str | Sequence[str],
        days: Iterable[int],
        *,
        chance: float = 1.0,
        at: time = time(10),
        event: str = "dashboard.viewed",
        sent: int | None = None,
    ) -> None:
        """Each of the people comes on each of the days, or with that chance; `sent`: the day on which that is told."""
        rng = np.random.default_rng(zlib.crc32(f"{self.name} {event}".encode()))
        for day in days:
            for person in [people] if isinstance(people, str) else people:
                if rng.random() < chance:
                    moment = datetime.combine(on(day), at, self._zone).astimezone(UTC)
                    told = moment if sent is None else datetime.combine(on(sent), time(9), UTC)
                    self.visits.append(Visit(moment, told, self.name, f"{person}@{self.name}", event))


class World:
    """A workspace of its own: accounts, releases, and declared behaviors. Several stories may be told in one."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.accounts: dict[str, Account] = {}
        self.releases: list[Release] = []
        self.behaviors: dict[str, dict[str, object]] = {}

    def account(self, name: str, **traits: object) -> Account:
        """A customer of the plan pro, unless said otherwise."""
        assert name not in self.accounts
        self.accounts[name] = Account(name, traits)
        return self.accounts[name]

    def peers(self, count: int = 8, *, days: Iterable[int] | None = None, plan: str = "pro") -> list[Account]:
        """Customers of a plan, each of four to seven people who come on most weekdays."""
        found = [self.account(f"{plan}-{i}", plan=plan) for i in range(count)]
        days = weekdays() if days is None else list(days)
        for i, one in enumerate(found):
            one.comes(PEOPLE[: 4 + i % 4], days, chance=0.8)
        return found

    def release(self, name: str, day: int, accounts: list[str]) -> None:
        """A release that some accounts get; releases are told in order."""
        self.releases.append(Release(name, day, accounts))

    @property
    def visits(self) -> Iterator[Visit]:
        """All that happens."""
        return (visit for account in self.accounts.values() for visit in account.visits)


PEOPLE = ("ada", "bob", "cyd", "dan", "eve", "fay", "gil", "hal", "ida", "jon")
WORLDS: dict[str, World] = {}


def story(told_in: str = "") -> Callable[[Callable[[World], None]], World]:
    """Makes a function that casts a story into the world it is told in, by name; unless said, in one of its own."""

    def cast(tell: Callable[[World], None]) -> World:
        name = told_in or tell.__name__
        world = WORLDS.setdefault(name, World(name))
        tell(world)
        return world

    return cast


@story("town")
def neighbors(town: World) -> None:
    """Eight customers of whom nothing is to be told."""
    town.peers()

"""What the windows table says, read by SQL of our own: who came on which local day, and with how many events."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from statistics import mean
from typing import Any, NamedTuple, Self
from zoneinfo import ZoneInfo

import psycopg2

from schemas.windows import decode_users

ALL = "*"
_LONG = 8  # weeks that show what is usual
_ACCOUNTS = "SELECT number, account, traits, created_at FROM accounts WHERE workspace = %s"
_LEFT = """
    SELECT account, min(valid_from) FROM account_facts
    WHERE workspace = %s AND traits ->> 'stage' = 'churned' GROUP BY account
"""
_RELEASES = "SELECT release, accounts FROM releases WHERE workspace = %s"
_USERS = 'SELECT number, coalesce(person, number), "user", side FROM users WHERE workspace = %s'
_BEHAVIORS = """
    SELECT number, behavior, definition FROM behaviors
    WHERE workspace = %s AND state = 'active' AND (definition ? 'key' OR definition ? 'due_day')
"""
_WINDOWS = "SELECT account, behavior, hour, events, users FROM windows WHERE workspace = %s AND behavior = ANY(%s)"


class Customer(NamedTuple):
    """An account by its id, and when its life began, where that is told."""

    account: str
    traits: dict[str, Any]
    created_at: datetime | None

    @property
    def zone(self) -> ZoneInfo:
        """What decides its days."""
        return ZoneInfo(self.traits.get("time_zone", "UTC"))

    @property
    def name(self) -> str:
        """What people call it."""
        return str(self.traits.get("name", self.account))

    def is_in(self, segment: str) -> bool:
        """Whether it belongs to `everyone`, or `plan Growth`, or `arr 10k-50k`, as a sentence says it."""
        trait, _, band = segment.partition(" ")
        if segment == "everyone":
            return True
        return (_arr_band(self.traits.get("arr")) if trait == "arr" else self.traits.get(trait)) == band


@dataclass
class Day:
    """Who came on one local day, and with how many events."""

    people: set[str] = field(default_factory=set)
    events: int = 0


class Record:
    """A workspace's days by account and behavior."""

    def __init__(self) -> None:
        self.customers: dict[str, Customer] = {}
        self.declared: dict[str, dict[str, Any]] = {}
        self.released: dict[str, list[str]] = {}
        self.left: dict[str, date] = {}
        self.begin = date.max
        self._days: dict[tuple[str, str], dict[date, Day]] = defaultdict(lambda: defaultdict(Day))

    @classmethod
    def read(cls, url: str, workspace: int) -> Self:
        """All of it, as the database has it at one moment."""
        connection = psycopg2.connect(url)
        try:
            connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
            with connection.cursor() as cursor:
                return cls._read(cursor, workspace)
        finally:
            connection.close()

    @classmethod
    def _read(cls, cursor: Any, workspace: int) -> Self:
        def ask(query: str, *more: object) -> list[tuple[Any, ...]]:
            cursor.execute(query, (workspace, *more))
            return list(cursor.fetchall())

        found = cls()
        accounts = {number: Customer(*known) for number, *known in ask(_ACCOUNTS)}
        users = ask(_USERS)
        names = {number: name for number, _, name, _ in users}
        people = {number: names[person] for number, person, _, side in users if side == "customer"}
        behaviors = ask(_BEHAVIORS)
        found.customers = {one.account: one for one in accounts.values()}
        found.left = {accounts[of].account: at.astimezone(accounts[of].zone).date() for of, at in ask(_LEFT)}
        found.released = {name: got or list(found.customers) for name, got in ask(_RELEASES)}
        found.declared = {name: definition for _, name, definition in behaviors}
        of = {0: ALL} | {number: name for number, name, _ in behaviors}
        for account, behavior, hour, events, seen in ask(_WINDOWS, list(of)):
            who = accounts[account]
            on = hour.astimezone(who.zone).date()
            found.begin = min(found.begin, on)
            day = found._days[who.account, of[behavior]][on]
            day.people |= {people[number] for number in decode_users(seen) if number in people}
            day.events += events
        return found

    def days(self, account: str, behavior: str = ALL) -> dict[date, Day]:
        """The days on which anything came of an account's behavior."""
        return self._days.get((account, behavior), {})

    def people(self, accounts: Iterable[str], first: date, last: date, behavior: str = ALL) -> set[str]:
        """Who came from day `first` to `last`, both included."""
        return {person for day in self._span(accounts, first, last, behavior) for person in day.people}

    def user_days(self, accounts: Iterable[str], first: date, last: date, behavior: str = ALL) -> int:
        """Distinct people a day, summed over days and accounts."""
        return sum(len(day.people) for day in self._span(accounts, first, last, behavior))

    def events(self, accounts: Iterable[str], first: date, last: date, behavior: str = ALL) -> int:
        """All events."""
        return sum(day.events for day in self._span(accounts, first, last, behavior))

    def _span(self, accounts: Iterable[str], first: date, last: date, behavior: str) -> Iterator[Day]:
        span = [first + timedelta(days=i) for i in range((last - first).days + 1)]
        for account in accounts:
            days = self.days(account, behavior)
            yield from (days[on] for on in span if on in days)

    def born(self, account: str) -> date:
        """The local day on which an account's life began: as it is told, else when it was seen first."""
        customer = self.customers[account]
        told = customer.created_at
        return min(self.days(account)) if told is None else told.astimezone(customer.zone).date()

    def visits(self, account: str, person: str) -> list[date]:
        """The days on which a person came, in order."""
        return sorted(on for on, day in self.days(account).items() if person in day.people)

    def usual(self, accounts: list[str], first: date, last: date, before: date, behavior: str = ALL) -> float:
        """User-days that the eight weeks before a day make one expect of a span, by the day of the week."""
        weeks = [before - timedelta(days=7 * week) for week in range(1, _LONG + 1)]
        weeks = [week for week in weeks if week >= self.begin] or weeks[:1]
        total = 0.0
        for i in range(7):
            days = [week + timedelta(days=i) for week in weeks]
            times = sum((first + timedelta(days=j) - days[0]).days % 7 == 0 for j in range((last - first).days + 1))
            total += times * mean(self.user_days(accounts, day, day, behavior) for day in days)
        return total

    def usually(self, accounts: list[str], first: date, last: date, behavior: str = ALL) -> tuple[float, float]:
        """The least and the most that was usual at some time in the half year before a span."""
        befores = [first - timedelta(days=14 * back) for back in range(9)]
        found = [self.usual(accounts, first, last, before, behavior) for before in befores]
        return min(found), max(found)

    def of_segment(self, segment: str) -> list[str]:
        """The ids of a segment's accounts."""
        return [one.account for one in self.customers.values() if one.is_in(segment)]


def _arr_band(arr: Any) -> str | None:
    """The bands that ARR comes in."""
    if not isinstance(arr, int | float):
        return None
    bounds = {10_000: "<10k", 50_000: "10k-50k", 250_000: "50k-250k"}
    return next((band for bound, band in bounds.items() if arr < bound), "250k+")

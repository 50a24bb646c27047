"""What sentences of several kinds say, held against the record.

What was counted must be exactly so. What was expected is a model's affair; it must lie where a reader of the record
would put it too, who takes the means of the same days of the week.
"""

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from scipy.stats import nbinom

from tests.e2e.truth.record import ALL, Record

MINUS = "\N{MINUS SIGN}"
HABIT = timedelta(days=56)
BEFORE = timedelta(days=28)
DAY = timedelta(days=1)
_SEEN, _YOUNG = timedelta(days=14), timedelta(days=120)
_FEW = 30  # user-days; of fewer, no percentage may be said
Alert = dict[str, Any]  # as GET /v1/alerts/{id} shows it


class Untrue(NamedTuple):
    """What a sentence says of something, and what the record says of it."""

    what: str
    said: object
    found: object


class Said(NamedTuple):
    """A sentence's parts, with the alert and the record it is held against."""

    record: Record
    alert: Alert
    parts: dict[str, str]

    def number(self, part: str) -> int:
        """A part that is a count; 0 where the sentence leaves it out."""
        return int((self.parts.get(part) or "0").replace(",", ""))

    def day(self, part: str) -> date:
        """A part that is a date."""
        return datetime.strptime(self.parts[part], "%d %B %Y").date()  # noqa: DTZ007 - a date has no zone

    @property
    def first(self) -> date:
        """The first day of the span that ends with `to`."""
        return self.day("to") - (int(self.parts["span"] or 1) - 1) * DAY

    @property
    def behavior(self) -> str:
        """What it is about: everything, or a behavior."""
        what = self.parts.get("what")
        return ALL if what in (None, "the product") else str(what)

    @property
    def account(self) -> str:
        """The id of the account it is about."""
        return str(self.alert["account"]["id"])


def named(said: Said) -> Iterator[Untrue]:
    yield Untrue("name", said.parts["name"], said.record.customers[said.account].name)


def counted(said: Said, accounts: list[str]) -> Iterator[Untrue]:
    """What was seen in the span, exactly; what was expected, about."""
    first, to, seen, due = said.first, said.day("to"), said.number("seen"), said.number("due")
    yield Untrue("user-days", seen, said.record.user_days(accounts, first, to, said.behavior))
    if not _is_young(said, first):
        usual = _usual(said, accounts, first, to)
        yield Untrue("expected", True, 0.7 * usual[0] - 4 <= due <= 1.4 * usual[1] + 4)
    low, high = said.number("low"), said.number("high")
    evidence = said.alert["evidence"]
    size, chance = 1 / evidence["extra"]["dispersion"], 1 / (1 + evidence["extra"]["dispersion"] * evidence["expected"])
    for end, share in ((low, 0.025), (high, 0.975)):
        yield about("interval", end, float(nbinom.ppf(share, size, chance)), 0.01, 1)
    if "since" in said.parts:
        yield Untrue("since", said.day("since"), date.fromisoformat(evidence["since"]))
    said_change = said.parts.get("change")
    yield Untrue("a percentage", said_change is not None, due >= _FEW)
    if said_change:
        yield points(said, "change", seen / due, 1)


def _is_young(said: Said, on: date) -> bool:
    """Whether of an account is expected what its peers do, for want of days of its own."""
    if not said.alert["account"]:
        return False
    begin = min(said.record.days(said.account))
    return begin > said.record.begin + _SEEN and begin > on - _YOUNG


def _usual(said: Said, accounts: list[str], first: date, to: date) -> tuple[float, float]:
    """The least and the most that a reader would expect of accounts: by themselves, and as their peers did."""
    least, most = said.record.usually(accounts, first, to, said.behavior)
    change = said.alert["evidence"]["extra"].get("peers", {}).get("change", 1.0)
    return least * min(change, 1), most * max(change, 1)


def stopped(said: Said, missing: set[str]) -> Iterator[Untrue]:
    """Whoever is said to have stopped is missing, and those who came most are among them."""
    if said.parts["gone"] is None:
        return
    names, more = names_of(said.parts["gone"])
    yield Untrue("who stopped", set(names) - missing, set())
    yield Untrue("how many stopped", True, len(names) + more <= len(missing))
    yield from listed(said, [user["user"] for user in said.alert["evidence"]["users_gone"]])


def listed(said: Said, lost: list[str]) -> Iterator[Untrue]:
    names, more = names_of(said.parts["gone"])
    yield Untrue("names", names, lost[: len(names)])
    total = said.alert["evidence"]["extra"].get("users_lost", said.alert["evidence"]["extra"].get("users_stopped"))
    yield Untrue("how many", len(names) + more, total)


def names_of(listed: str) -> tuple[list[str], int]:
    """The names in a list of people, and how many more there are.

    >>> names_of("ada, bob, cyd and 2 more"), names_of("ada and bob")
    ((['ada', 'bob', 'cyd'], 2), (['ada', 'bob'], 0))
    """
    parts = re.split(r", | and ", listed)
    more = re.fullmatch(r"(\d+) more", parts[-1])
    return (parts[:-1], int(more[1])) if more else (parts, 0)


def share_of(said: Said, people: list[str], since: date) -> Iterator[Untrue]:
    """What people did of an account's use in the eight weeks before they stopped."""
    record, first = said.record, since - HABIT
    everyone = record.people([said.account], first, since - DAY)
    days = {one: sum(first <= day < since for day in record.visits(said.account, one)) for one in everyone}
    share = 100 * sum(days.get(one, 0) for one in people) / max(sum(days.values()), 1)
    yield about("share of its use", said.number("share"), share, 0, 0.6)


def peers(said: Said, evidence: dict[str, Any] | None = None) -> Iterator[Untrue]:
    """What accounts of the same segment did in the same days."""
    to = date.fromisoformat(evidence["window_to"]) if evidence else said.day("to")
    first = date.fromisoformat(evidence["window_from"]) if evidence else said.first
    since = date.fromisoformat(evidence["since"]) if evidence else said.day("since")
    before = min(since, first)
    segment = said.parts["segment"]
    if segment is None:
        yield Untrue("segment", "there is no peer", "there is no peer" if not _compared(said, None, before, to) else "")
        return
    yield Untrue("segment", True, said.record.customers[said.account].is_in(segment))
    others = _compared(said, segment, before, to)
    yield Untrue("peers", said.number("peers"), len(others))
    yield from beside(said, others, first, to, before)


def _compared(said: Said, segment: str | None, before: date, to: date) -> list[str]:
    segment = segment or str(said.alert["segment"]).replace(":", " ", 1)
    return [
        one for one in said.record.of_segment(segment) if one != said.account and stays(said.record, one, before, to)
    ]


def stays(record: Record, account: str, before: date, to: date) -> bool:
    """Whether an account was there eight weeks before, and has not left."""
    first = before - HABIT
    left = record.left.get(account)
    there = record.begin < first + 7 * DAY and any(
        first <= on < first + BEFORE and day.people for on, day in record.days(account).items()
    )
    return there and (left is None or left > to)


def beside(said: Said, accounts: list[str], first: date, to: date, before: date) -> Iterator[Untrue]:
    accounts = [one for one in accounts if stays(said.record, one, before, to)]
    seen = said.record.user_days(accounts, first, to, said.behavior)
    usual = said.record.usual(accounts, first, to, before, said.behavior)
    if said.parts.get("beside"):
        yield Untrue("a percentage of peers", True, usual >= _FEW - 0.5)
        yield points(said, "beside", seen / max(usual, 1), 1)
    elif said.parts.get("beside_seen"):
        yield Untrue("peers' user-days", said.number("beside_seen"), seen)
        yield about("peers' usual user-days", said.number("beside_usual"), usual, 0, 1)


def lives(record: Record, account: str, on: date) -> bool:
    days = [day for day in record.days(account) if day <= on]
    return len(days) > 0 and (on - min(days)).days >= 28 and (record.left.get(account) or date.max) > on


def points(said: Said, part: str, ratio: float, leeway: int) -> Untrue:
    """A change in percent: the same when it is as many points from the truth, at most."""
    said_points = int(re.sub(r"[^\d]", "", said.parts[part])) * (-1 if said.parts[part][0] == MINUS else 1)
    found = 100 * (ratio - 1)
    return Untrue(part, said.parts[part], said.parts[part] if abs(said_points - found) <= leeway else round(found))


def about(what: str, said: float, found: float, share: float, leeway: float = 0) -> Untrue:
    """A number that is near enough where it differs by a share of the truth, and some leeway, at most."""
    return Untrue(what, said, said if abs(said - found) <= share * found + leeway else round(found, 1))

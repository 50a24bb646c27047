"""Tests of rules: given this history, expect these alerts. The very fold of live evaluation and backtest runs over it.

>>> text = '''
... fixtures:
...   - name: one account falls silent
...     from: 2026-01-05
...     until: 2026-04-26
...     accounts:
...       acme: {does: [{users: 6, days: mon-fri, until: 2026-03-29}]}
...       peer: {copies: 5, does: [{users: 4, days: mon-fri}]}
...     expect:
...       - {kind: behavior.dropped, account: acme, from: 2026-03-30, until: 2026-04-12}
... '''
>>> [run(fixture).passed for fixture in parse(text)]
[True]
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import msgspec
import yaml
from msgspec import field

from schemas.behaviors import Definition
from schemas.clock import DAY_MS, to_ms
from schemas.errors import DefinitionError
from schemas.rules import BUILT_IN, Rules
from streams.backtest import Alert, replay
from streams.calendar import day_number
from streams.evaluating.folding import Detection
from streams.evaluating.recording import Recording
from streams.evaluating.world import Account, Release, World, account_of_traits

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOUR = 10  # when on a day everything happens, UTC


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Days are those from `from` to `until`, both included; unsaid: from the beginning, and to the end."""

    begins: date | None = field(name="from", default=None)
    until: date | None = None

    def holds(self, day: date) -> bool:
        """Whether a day is one of them."""
        return (self.begins is None or day >= self.begins) and (self.until is None or day <= self.until)


class Does(_Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What some users do: `users` by name or how many, on `days` (mon-fri, "mon,thu", daily), `times` a day.

    `chance`: how likely each comes on each of these days; the same days every time it is asked.
    """

    users: int | tuple[str, ...] = 1
    days: str = "mon-fri"
    event: str = "used"
    times: int = 1
    chance: float = 1.0


class Pause(_Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Days on which nobody comes; `agreed`: the product was told of it beforehand, from a first day to a last one."""

    agreed: bool = False


class Customer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An account, or `copies` of it (`name 1`, `name 2`, …): traits, what they change to, what it does, and pauses."""

    copies: int = 1
    traits: dict[str, Any] = {}
    changes: dict[date, dict[str, Any]] = {}
    does: tuple[Does, ...] = ()
    pauses: tuple[Pause, ...] = ()


class Released(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A marked release: its name, its day, the behaviors it touches (none: any), and who got it (unsaid: everyone)."""

    release: str
    day: date
    behaviors: frozenset[str] = frozenset()
    accounts: frozenset[str] | None = None


class Expected(_Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An alert that fires between two days; what is unsaid of its subject may be anything."""

    kind: str
    account: str | None = None
    segment: str | None = None
    user: str | None = None
    behavior: str | None = None
    shadow: bool = False

    def matches(self, alert: Alert) -> bool:
        """Whether an alert is this one. One that fires when a day is over is that day's."""
        of = {name: getattr(self, name) for name in ("account", "segment", "user", "behavior")}
        said = {name: value for name, value in of.items() if value is not None}
        same = all(getattr(alert, name) == value for name, value in said.items())
        return same and (alert.kind, alert.shadow) == (self.kind, self.shadow) and self.holds(fired_on(alert))


class Fixture(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A history from one day to another, and exactly the alerts that it must give."""

    name: str
    begins: date = field(name="from")
    until: date
    accounts: dict[str, Customer]
    releases: tuple[Released, ...] = ()
    expect: tuple[Expected, ...] = ()


class Result(NamedTuple):
    """What came of a fixture: what was expected and missing, and what came and was not expected."""

    name: str
    alerts: Sequence[Alert]
    missing: Sequence[Expected]
    unexpected: Sequence[Alert]

    @property
    def passed(self) -> bool:
        """Whether exactly the expected alerts came."""
        return not self.missing and not self.unexpected


def parse(text: str, source: str = "fixtures.yaml") -> tuple[Fixture, ...]:
    """The fixtures in a YAML text, or a DefinitionError that says what is wrong and where."""
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise DefinitionError(f"{source} is not YAML: {error}.") from error
    if not isinstance(content, dict) or content.keys() != {"fixtures"} or not isinstance(content["fixtures"], list):
        raise DefinitionError(f"{source} holds one list named `fixtures:` and nothing else.")
    return tuple(_fixture(item, i, source) for i, item in enumerate(content["fixtures"]))


def _fixture(item: Any, i: int, source: str) -> Fixture:
    name = item.get("name", f"number {i + 1}") if isinstance(item, dict) else f"number {i + 1}"
    try:
        fixture = msgspec.convert(item, Fixture)
        if fixture.begins >= fixture.until or not any(customer.does for customer in fixture.accounts.values()):
            raise ValueError("`until` must be after `from`, and somebody must do something")  # noqa: TRY301
        _check(fixture)
    except (msgspec.ValidationError, ValueError) as error:
        raise DefinitionError(f"{source}: fixture {name!r}: {error}. See docs/rules.md for every field.") from error
    return fixture


def _check(fixture: Fixture) -> None:
    """Raises ValueError where what is said cannot be."""
    for customer in fixture.accounts.values():
        for does in customer.does:
            weekdays(does.days)
        if any(pause.agreed and not (pause.begins and pause.until) for pause in customer.pauses):
            raise ValueError("an agreed pause needs `from` and `until`")
    for release in fixture.releases:
        if unknown := (release.accounts or frozenset()) - fixture.accounts.keys():
            raise ValueError(f"release {release.release} names no account of the fixture: {', '.join(sorted(unknown))}")


def weekdays(said: str) -> frozenset[int]:
    """The weekdays in a text: names, spans of them, or `daily`; raises ValueError.

    >>> sorted(weekdays("mon-wed,sun")), len(weekdays("daily"))
    ([0, 1, 2, 6], 7)
    """
    found: set[int] = set()
    for part in ("mon-sun" if said == "daily" else said).split(","):
        ends = [day.strip() for day in part.split("-")]
        if len(ends) > 2 or not set(ends) <= set(_DAYS):
            raise ValueError(f"`days` is {said!r}; say mon-fri, mon,thu or daily")
        found.update(range(_DAYS.index(ends[0]), _DAYS.index(ends[-1]) + 1))
    return frozenset(found)


def run(fixture: Fixture, rules: Rules = BUILT_IN, declared: Sequence[Definition] = ()) -> Result:
    """Folds a fixture's history, and holds its alerts against those expected."""
    recording = Recording(declared)
    customers = {name: one for said, one in fixture.accounts.items() for name in _copies(said, one)}
    for name, customer in customers.items():
        for day, does, user in _visits(fixture, name, customer):
            at = to_ms(datetime(day.year, day.month, day.day, _HOUR, tzinfo=UTC))
            for _ in range(does.times):
                recording.add(at, name, user, does.event, {})
    world = _changing(recording.world({name: _traits(one) for name, one in customers.items()}), customers)
    world = replace(world, releases=[_marked(one, fixture) for one in fixture.releases])
    alerts = replay(recording, world, Detection(rules=rules), until=fixture.until).alerts
    missing = [one for one in fixture.expect if not any(one.matches(alert) for alert in alerts)]
    surprising = [alert for alert in alerts if not any(one.matches(alert) for one in fixture.expect)]
    return Result(fixture.name, alerts, missing, [alert for alert in surprising if not alert.shadow])


def fired_on(alert: Alert) -> date:
    """The day at whose end an alert fired."""
    return (datetime.fromisoformat(alert.fired_at) - timedelta(hours=12)).date()


def _traits(customer: Customer) -> dict[str, Any]:
    """What the product is told of an account; agreed pauses are among it."""
    agreed = [{"from": f"{pause.begins}", "to": f"{pause.until}"} for pause in customer.pauses if pause.agreed]
    return customer.traits | ({"pauses": agreed} if agreed else {})


def _marked(release: Released, fixture: Fixture) -> Release:
    """A release as the world knows it; who got an account's name got all its copies."""
    got = None if release.accounts is None else (_copies(name, fixture.accounts[name]) for name in release.accounts)
    accounts = None if got is None else frozenset(copy for copies in got for copy in copies)
    return Release(release.release, day_number(release.day) * DAY_MS, release.behaviors, accounts)


def _copies(name: str, customer: Customer) -> list[str]:
    return [name] if customer.copies == 1 else [f"{name} {i + 1}" for i in range(customer.copies)]


def _visits(fixture: Fixture, name: str, customer: Customer) -> Iterator[tuple[date, Does, str]]:
    """Who does what on which days, in order."""
    luck = random.Random(name)  # noqa: S311 - it has to be the same every time
    span = (fixture.until - fixture.begins).days + 1
    for day in (fixture.begins + timedelta(days=i) for i in range(span)):
        for does in customer.does:
            for user in _users(name, does):
                comes = luck.random() < does.chance and day.weekday() in weekdays(does.days) and does.holds(day)
                if comes and not any(pause.holds(day) for pause in customer.pauses):
                    yield day, does, user


def _users(account: str, does: Does) -> Sequence[str]:
    if isinstance(does.users, int):
        return [f"{account}: user {i + 1}" for i in range(does.users)]
    return [f"{account}: {user}" for user in does.users]


def _changing(world: World, customers: Mapping[str, Customer]) -> World:
    """The world with each account's traits as they change."""
    spells = {n: _spells(one, customers[one.account]) for n, one in world.accounts.items()}
    spells = {number: of for number, of in spells.items() if len(of) > 1}
    return replace(world, accounts={**world.accounts, **{n: of[-1][1] for n, of in spells.items()}}, spells=spells)


def _spells(account: Account, customer: Customer) -> list[tuple[int, Account]]:
    traits, found = _traits(customer), [(0, account)]
    for day, changed in sorted(customer.changes.items()):
        traits = traits | changed
        found.append((day_number(day), account_of_traits(account.number, account.account, traits)))
    return found

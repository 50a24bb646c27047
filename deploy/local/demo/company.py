"""The made-up company: Fairlead sells software that plans freight routes. Its customers, and who works there.

Everything follows from a seed. Days are counted from the first day of history; `PRESENT` is the first one played live.
"""

from datetime import UTC, date, datetime, timedelta

import msgspec
import numpy as np

FIRST_DAY = date(2025, 4, 14)  # a Monday
PRESENT = 427  # Monday 2026-06-15: fourteen months
HORIZON = PRESENT + 900
KEY_BEHAVIOR = "route.optimized"
BEHAVIORS = (KEY_BEHAVIOR, "shipment.booked", "dashboard.viewed", "report.shared", "invoice.sent", "carrier.rated")


class Region(msgspec.Struct, frozen=True):
    """Where customers are: its name, its time zone, and the country whose holidays count."""

    name: str
    zone: str
    country: str


class Plan(msgspec.Struct, frozen=True):
    """What customers pay for: how many people use it, and what a person is worth a year."""

    name: str
    people: tuple[int, int]
    arr: tuple[int, int]
    share: float


REGIONS = (
    Region("Nordics", "Europe/Stockholm", "SE"),
    Region("DACH", "Europe/Berlin", "DE"),
    Region("UK", "Europe/London", "GB"),
    Region("Iberia", "Europe/Madrid", "ES"),
    Region("US East", "America/New_York", "US"),
)
PLANS = (
    Plan("Starter", (3, 6), (4_800, 9_600), 0.35),
    Plan("Growth", (5, 12), (14_000, 48_000), 0.5),
    Plan("Enterprise", (12, 26), (60_000, 240_000), 0.15),
)
CSMS = ("Amina Sow", "Jonas Brandt", "Priya Nair", "Mateo Ruiz")


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_FIRST = _words(
    "Anna Ben Cleo Dan Edda Finn Greta Hugo Ines Jon Kira Leo Maya Nils Olga Paul Quinn Rosa Sven Tara Udo Vera Zoe"
)
_LAST = _words("Berg Costa Dahl Evans Falk Grant Holm Ito Jansen Keller Lund Moreno Novak Olsen Petit Reed Silva Vogt")
_NAMES = _words("Amber Birch Cedar Delta Ember Fjord Garnet Harbor Indigo Juniper Krona Lumen Maple North Onyx Tide")
_TRADES = _words("Freight Logistics Foods Retail Parts Trading Paper Steel")


class Person(msgspec.Struct):
    """A user: how likely on a working day, how much then, from which day to which, and what they do (shares)."""

    id: str
    rate: float
    intensity: float
    first: int = 0
    last: int = HORIZON
    mix: tuple[float, ...] = (0.3, 0.25, 0.25, 0.1, 0.05, 0.05)
    traits: dict[str, str] = {}


class Customer(msgspec.Struct):
    """An account; `dips` are (first day, last day, factor) of everybody's rate; `ends` is the day its contract ends."""

    id: str
    name: str
    region: Region
    plan: Plan
    arr: int
    csm: str
    people: list[Person]
    first: int = -365
    renewal: int = 0
    decided: int | None = None
    outcome: str = ""
    ends: int = HORIZON
    dips: list[tuple[int, int, float]] = []
    stages: list[tuple[int, str]] = []
    signals: list[tuple[int, str]] = []


def day_of(day: int) -> date:
    """A day's date."""
    return FIRST_DAY + timedelta(days=day)


def moment_of(day: int) -> datetime:
    """Noon of a day, UTC: when decisions are made."""
    return datetime(FIRST_DAY.year, FIRST_DAY.month, FIRST_DAY.day, 12, tzinfo=UTC) + timedelta(days=day)


def ordinary_customers(seed: int, count: int) -> list[Customer]:
    """Customers without a story: most stay, some go, of those most can be seen going."""
    rng = np.random.default_rng([seed, 1])
    names = [f"{name} {trade}" for trade in _TRADES for name in _NAMES]
    chosen = rng.permutation(len(names))[:count]
    plans = rng.choice(len(PLANS), count, p=[plan.share for plan in PLANS])
    return [_customer(rng, names[name], PLANS[plan]) for name, plan in zip(chosen, plans, strict=True)]


def _customer(rng: np.random.Generator, name: str, plan: Plan) -> Customer:
    slug = slug_of(name)
    size = int(rng.integers(plan.people[0], plan.people[1] + 1))
    first = -400 if rng.random() < 0.8 else int(rng.integers(20, 250))
    customer = Customer(
        id=slug,
        name=name,
        region=REGIONS[int(rng.integers(len(REGIONS)))],
        plan=plan,
        arr=round(int(rng.integers(*plan.arr)), -2),
        csm=CSMS[int(rng.integers(len(CSMS)))],
        people=people_of(rng, slug, size),
        first=first,
        renewal=int(rng.integers(60, 425)) if first < 0 else first + 365,
    )
    _turnover(rng, customer)
    _decide(rng, customer)
    return customer


def people_of(rng: np.random.Generator, slug: str, size: int, rate: tuple[float, float] = (0.3, 0.75)) -> list[Person]:
    """So many people of an account, each with a name and habits of their own."""
    names = rng.permutation(len(_FIRST) * len(_LAST))[:size]
    found = []
    for i, code in enumerate(names.tolist()):
        first, last = _FIRST[code % len(_FIRST)], _LAST[code // len(_FIRST)]
        role = "champion" if i == 0 else "admin" if i == 1 and size > 4 else "member"
        found.append(
            Person(
                id=f"{first}.{last}@{slug}.example".lower(),
                rate=float(rng.uniform(*rate)),
                intensity=float(rng.gamma(2.0, 0.15)),
                mix=tuple(rng.dirichlet([6, 5, 5, 2, 1, 1]).tolist()),
                traits={"name": f"{first} {last}", "role": role},
            )
        )
    return found


def slug_of(name: str) -> str:
    """An account's id from its name."""
    return name.lower().replace(" & ", "-").replace(" ", "-")


def _turnover(rng: np.random.Generator, customer: Customer) -> None:
    """One in ten people leaves within two years and is followed by somebody else a week or two later."""
    for person in list(customer.people):
        person.first = max(customer.first, 0) + (int(rng.integers(0, 30)) if customer.first > 0 else 0)
        if rng.random() < 0.1:
            person.last = person.first + int(rng.integers(60, 600))
            heir = people_of(rng, customer.id, 1, (person.rate, person.rate + 0.01))[0]
            heir.id = heir.id.replace("@", ".2@")  # nobody else is called so
            heir.first = person.last + int(rng.integers(3, 14))
            customer.people.append(heir)


def _decide(rng: np.random.Generator, customer: Customer) -> None:
    """What a customer whose renewal lies in the past decided, and how that showed before."""
    if not 60 <= customer.renewal < PRESENT:
        return
    customer.decided = customer.renewal - int(rng.integers(20, 45))
    customer.outcome = str(rng.choice(["renewed", "expanded", "churned"], p=[0.76, 0.12, 0.12]))
    if customer.outcome == "churned":
        customer.ends = customer.renewal
        if rng.random() < 0.75 and customer.decided > 90:
            begin = customer.decided - int(rng.integers(40, 130))
            customer.dips.append((begin, customer.renewal, float(rng.uniform(0.1, 0.35))))

"""The five stories among the ordinary customers: who is in them, and which alert tells each."""

from collections.abc import Sequence

import msgspec
import numpy as np

from deploy.local.demo.company import (
    CSMS,
    KEY_BEHAVIOR,
    PLANS,
    PRESENT,
    REGIONS,
    Customer,
    Person,
    Plan,
    people_of,
    slug_of,
)
from schemas.alerts import AlertKind


class Story(msgspec.Struct, frozen=True):
    """One story: any alert of `kinds` on `account` (or on a segment) from day `since` on tells it.

    `day` is the renewal or decision that the alert is to precede; `quiet` names an account that must stay without one.
    """

    key: str
    title: str
    kinds: tuple[AlertKind, ...]
    account: str = ""
    segment: str = ""
    since: int = 0
    day: int | None = None
    day_is: str = "the renewal"
    quiet: str = ""


_STARTER, _GROWTH, _ENTERPRISE = PLANS
_DROPS = (AlertKind.BEHAVIOR_DROPPED, AlertKind.USERS_INACTIVE, AlertKind.ACCOUNT_SILENT)
DIP = (PRESENT - 118, PRESENT - 94)


def cast(seed: int) -> tuple[list[Customer], list[Story]]:
    """The customers of the stories, and the stories."""
    rng = np.random.default_rng([seed, 4])
    six, six_live = _six(rng, "Kestrel Freight", PRESENT + 62), _six(rng, "Tern & Co", PRESENT + 75)
    for person, day in zip(six.people, (-181, -174, -166, -155, -150), strict=False):
        person.last = PRESENT + day
    for person, day in zip(six_live.people, (-4, -3, -2, -2, -1), strict=False):
        person.last = PRESENT + day
    busy, handoff, complainer, quiet = _busy(rng), _handoff(rng), _complainer(rng), _quiet(rng)
    stories = [
        Story("six", "Six users became one", _DROPS, six.id, since=PRESENT - 185, day=six.renewal),
        Story("six_live", "Six become one, live", _DROPS, six_live.id, since=PRESENT - 5, day=six_live.renewal),
        Story("busy", "Busy, but never took up the key behavior", (AlertKind.BEHAVIOR_NOT_ADOPTED,), busy.id,
              day=busy.decided, day_is="it decided to leave"),
        Story("handoff", "The doughnut hole after the handoff", (AlertKind.HANDOFF_STALLED,), handoff.id,
              day=handoff.renewal),
        Story("quiet", "The quiet one leaves, the complainer renews", _DROPS, quiet.id, since=PRESENT - 135,
              day=quiet.decided, day_is="it decided to leave", quiet=complainer.id),
        Story("dip", "A whole segment dips: one alert", (AlertKind.SEGMENT_DROPPED,), segment="arr:<10k", since=DIP[0]),
    ]  # fmt: skip
    return [six, six_live, busy, handoff, complainer, quiet], stories


def dip_segment(customers: Sequence[Customer]) -> None:
    """The smallest customers all use less for three and a half weeks, then come back: not one customer's trouble."""
    for customer in customers:
        if customer.plan is _STARTER:
            customer.dips.append((*DIP, 0.3))


def _customer(rng: np.random.Generator, name: str, plan: Plan, people: list[Person], renewal: int) -> Customer:
    return Customer(
        id=slug_of(name),
        name=name,
        region=REGIONS[int(rng.integers(3))],
        plan=plan,
        arr=round(int(rng.integers(*plan.arr)), -2),
        csm=CSMS[int(rng.integers(len(CSMS)))],
        people=people,
        renewal=renewal,
    )


def _six(rng: np.random.Generator, name: str, renewal: int) -> Customer:
    people = people_of(rng, slug_of(name), 6, (0.82, 0.9))
    for person in people:
        person.mix = (0.5, 0.2, 0.2, 0.06, 0.02, 0.02)
    return _customer(rng, name, _GROWTH, people, renewal)


def _busy(rng: np.random.Generator) -> Customer:
    """Everybody is in the product every day, and nobody ever optimizes a route: it is a nicer spreadsheet to them."""
    people = people_of(rng, "guillemot-logistics", 14, (0.6, 0.8))
    for person in people:
        person.mix = (0.0, 0.55, 0.3, 0.1, 0.03, 0.02)
    customer = _customer(rng, "Guillemot Logistics", _ENTERPRISE, people, PRESENT - 12)
    customer.first, customer.decided, customer.outcome, customer.ends = 30, PRESENT - 40, "churned", PRESENT - 12
    return customer


def _handoff(rng: np.random.Generator) -> Customer:
    """Implementation is declared complete, its people go, and most of what was planned never launches."""
    people = people_of(rng, "sandpiper-foods", 7, (0.4, 0.6))
    for person in people:
        person.first, person.mix = PRESENT - 150, (0.02, 0.3, 0.6, 0.06, 0.01, 0.01)
    for person in people[:3]:
        person.last = PRESENT - 78
    customer = _customer(rng, "Sandpiper Foods", _GROWTH, people, PRESENT + 205)
    customer.first = PRESENT - 150
    customer.stages = [(PRESENT - 160, "implementing"), (PRESENT - 80, "growing")]
    return customer


def _complainer(rng: np.random.Generator) -> Customer:
    """It complains, asks for a smaller contract, uses the product all along, and renews."""
    customer = _customer(
        rng, "Oystercatcher Retail", _GROWTH, people_of(rng, "oystercatcher-retail", 8, (0.6, 0.8)), PRESENT - 20
    )
    customer.decided, customer.outcome = PRESENT - 25, "contracted"
    complaints = [(PRESENT - day, "complaint") for day in (128, 111, 96, 74, 52)]
    customer.signals = [*complaints, (PRESENT - 47, "contract_change"), (PRESENT - 33, "meeting")]
    return customer


def _quiet(rng: np.random.Generator) -> Customer:
    """It never says a word, comes less and less, and leaves."""
    people = people_of(rng, "dunlin-pharma", 8, (0.6, 0.8))
    for person, day in zip(people, range(-132, -88, 6), strict=False):
        person.last = PRESENT + day
    customer = _customer(rng, "Dunlin Pharma", _GROWTH, people, PRESENT - 8)
    customer.decided, customer.outcome, customer.ends = PRESENT - 30, "churned", PRESENT - 8
    return customer


BEHAVIORS_YAML = f"""\
behaviors:
  - name: {KEY_BEHAVIOR}
    events: [{KEY_BEHAVIOR}]
    description: Whoever has routes optimized every week, stays.
    due_day: 60
    frequency: 2
    breadth: 2
"""

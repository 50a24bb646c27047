"""What the made-up company's systems know of its customers, as the API takes it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import msgspec

from deploy.local.demo.company import PRESENT, Customer, moment_of

_NOTICE = timedelta(days=30)
_DIRECTIONS = {"meeting": "outbound"}


class Fact(msgspec.Struct, frozen=True):
    """One fact about an account: which collection of the account it goes to, and what is said."""

    account: str
    collection: str
    body: dict[str, Any]


def rows_of(customer: Customer) -> Iterator[dict[str, Any]]:
    """The account's traits, one row for each moment at which some change."""
    begin = moment_of(max(customer.first - 10, -30))
    stages = customer.stages or [(customer.first, "growing")]
    yield {
        "account": customer.id,
        "created_at": _iso(moment_of(customer.first)),
        "valid_from": _iso(begin),
        "traits": {
            "name": customer.name,
            "arr": customer.arr,
            "currency": "EUR",
            "plan": customer.plan.name,
            "region": customer.region.name,
            "country": customer.region.country,
            "time_zone": customer.region.zone,
            "csm": customer.csm,
            "stage": stages[0][1],
        },
    }
    for day, stage in stages[1:]:
        yield {"account": customer.id, "valid_from": _iso(moment_of(day)), "traits": {"stage": stage}}
    if customer.ends <= PRESENT:
        yield {"account": customer.id, "valid_from": _iso(moment_of(customer.ends)), "traits": {"stage": "churned"}}


def facts_of(customer: Customer) -> Iterator[Fact]:
    """Its subscription, what it decided, and its calls, complaints and requests."""
    renewed = customer.decided is not None and customer.outcome != "churned"
    for term, renewal in enumerate([customer.renewal, customer.renewal + 365] if renewed else [customer.renewal]):
        start = moment_of(renewal - 365)
        yield Fact(
            customer.id,
            "subscriptions",
            {
                "subscription": f"{customer.id}-{term + 1}",
                "term_start": _iso(start),
                "renewal_date": _iso(moment_of(renewal)),
                "notice_deadline": _iso(moment_of(renewal) - _NOTICE),
                "arr": customer.arr,
                "currency": "EUR",
                "seats": len(customer.people),
                "plan": customer.plan.name,
                "valid_from": _iso(start),
            },
        )
    if customer.decided is not None:
        yield Fact(customer.id, "outcomes", _outcome(customer, customer.decided))
    for number, (day, signal) in enumerate(customer.signals):
        yield Fact(customer.id, "signals", _signal(customer, number, day, signal))


def _outcome(customer: Customer, decided: int) -> dict[str, Any]:
    share = {"renewed": 1.0, "expanded": 1.3, "contracted": 0.6, "churned": 0.0}[customer.outcome]
    return {
        "outcome": customer.outcome,
        "decided_at": _iso(moment_of(decided)),
        "effective_at": _iso(moment_of(customer.renewal)),
        "arr_before": customer.arr,
        "arr_after": round(customer.arr * share),
        "valid_from": _iso(moment_of(decided)),
    }


def _signal(customer: Customer, number: int, day: int, signal: str) -> dict[str, Any]:
    return {
        "id": f"{customer.id}-{signal}-{number}",
        "signal": signal,
        "direction": _DIRECTIONS.get(signal, "inbound"),
        "participants": [customer.people[0].id],
        "valid_from": _iso(moment_of(day)),
    }


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")

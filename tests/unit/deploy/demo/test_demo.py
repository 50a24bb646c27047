"""The made-up company: the same for a seed, like a real one in shape, and its stories told from alerts alone."""

from collections import Counter
from datetime import date
from typing import Any

import numpy as np
import pytest

from deploy.local.demo.activity import start_of
from deploy.local.demo.chapters import chapter, score
from deploy.local.demo.company import BEHAVIORS, FIRST_DAY, PRESENT, moment_of
from deploy.local.demo.director import invent
from deploy.local.demo.facts import facts_of, rows_of
from deploy.local.demo.player import history
from deploy.local.demo.theater import Company
from schemas.accounts import AccountRow, Outcome, Signal, Subscription
from schemas.clock import DAY_MS

IMPLEMENTED = ("behavior.dropped", "segment.dropped", "behavior.not_adopted")


@pytest.fixture(scope="module")
def company() -> Company:
    return invent(7)


def alert(kind: str, account: str | None, day: int, **more: Any) -> dict[str, Any]:
    shown = {"id": account} if account else None
    fired = moment_of(day).isoformat()
    return {"kind": kind, "account": shown, "fired_at": fired, "state": "firing", "sentence": "It fell.", **more}


def test_a_seed_makes_one_company(company: Company) -> None:
    again, other = invent(7), invent(8)
    events = company.world.events(0, PRESENT)
    same, different = again.world.events(0, PRESENT), other.world.events(0, PRESENT)
    assert all(np.array_equal(a, b) for a, b in zip(events, same, strict=True))
    assert len(events.time) != len(different.time)
    assert 100_000 < len(events.time) < 400_000
    assert len({customer.id for customer in company.world.customers}) == len(company.world.customers)
    assert len({person.id for person in company.world.people}) == len(company.world.people)


def test_days_look_like_days(company: Company) -> None:
    time = company.world.events(0, PRESENT).time
    assert (np.diff(time) >= 0).all()
    assert start_of(0) < time[0]
    assert time[-1] < start_of(PRESENT)
    days = np.bincount((time - start_of(0)) // DAY_MS)
    by_weekday = [days[weekday::7].mean() for weekday in range(7)]
    assert max(by_weekday[5:]) < min(by_weekday[:5]) / 5
    christmas = (date(2025, 12, 25) - FIRST_DAY).days
    assert days[christmas] < days[christmas - 14] / 4


def test_the_days_go_on_where_history_ends(company: Company) -> None:
    live = company.world.events(PRESENT, PRESENT + 28).time
    assert start_of(PRESENT) < live[0] < start_of(PRESENT + 1)


def test_six_became_one_and_nobody_optimizes_routes_at_the_busy_one(company: Company) -> None:
    rows = list(history(company.world))
    before = {row.user for row in rows if row.account == "kestrel-freight" and row.time < start_of(PRESENT - 190)}
    after = {row.user for row in rows if row.account == "kestrel-freight" and row.time > start_of(PRESENT - 148)}
    assert (len(before), len(after)) == (6, 1)
    busy = Counter(row.behavior for row in rows if row.account == "guillemot-logistics")
    assert busy[BEHAVIORS[0]] == 0
    assert busy.total() > 2_000


def test_the_api_takes_all_facts(company: Company) -> None:
    models = {"subscriptions": Subscription, "outcomes": Outcome, "signals": Signal}
    for customer in company.world.customers:
        for row in rows_of(customer):
            AccountRow.model_validate(row)
        for fact in facts_of(customer):
            models[fact.collection].model_validate(fact.body)


def test_chapters(company: Company) -> None:
    stories = {story.key: story for story in company.stories}
    assert chapter(stories["handoff"], [], IMPLEMENTED).state == "waiting"
    assert chapter(stories["busy"], [], IMPLEMENTED).state == "open"
    assert chapter(stories["six"], [], IMPLEMENTED).state == "open"
    early = alert("behavior.dropped", "kestrel-freight", PRESENT - 150)
    seen = chapter(stories["six"], [early], IMPLEMENTED)
    assert (seen.state, seen.days_before) == ("seen", 212)
    assert seen.line == "✓ Six users became one: seen (212 days before the renewal): It fell."
    retracted = alert("behavior.dropped", "kestrel-freight", PRESENT - 150, state="retracted")
    assert chapter(stories["six"], [retracted], IMPLEMENTED).state == "open"
    quiet = alert("behavior.dropped", "dunlin-pharma", PRESENT - 100)
    assert chapter(stories["quiet"], [quiet], IMPLEMENTED).state == "seen"
    loud = alert("behavior.dropped", "oystercatcher-retail", PRESENT - 100)
    assert chapter(stories["quiet"], [quiet, loud], IMPLEMENTED).state == "open"
    dip = alert("segment.dropped", None, PRESENT - 110, segment="arr:<10k")
    assert chapter(stories["dip"], [dip], IMPLEMENTED).state == "seen"


def test_the_score(company: Company) -> None:
    customers = company.world.customers
    left = [customer for customer in customers if customer.outcome == "churned"]
    stayed = next(customer for customer in customers if customer.outcome == "renewed")
    assert left[0].decided is not None
    assert stayed.decided is not None
    alerts = [
        alert("behavior.dropped", left[0].id, left[0].decided - 40),
        alert("behavior.dropped", left[1].id, PRESENT),
        alert("behavior.dropped", stayed.id, stayed.decided - 3),
    ]
    found = score(customers, alerts)
    assert (found.left, found.flagged, found.days, found.false_alarms) == (len(left), 1, 40, 1)

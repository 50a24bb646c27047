"""A world's parameters and a seed become its accounts, people, shocks and events; the same ones every time."""

from dataclasses import dataclass

import numpy as np

from benchmarks.detection.simulator import calendar, courses
from benchmarks.detection.simulator.accounts import Accounts, Ints, draw_accounts
from benchmarks.detection.simulator.activity import Levels, draw_times, draw_user_days
from benchmarks.detection.simulator.parameters import World
from benchmarks.detection.simulator.people import People, Stretch, draw_people
from benchmarks.detection.simulator.shocks import Shock, draw_shocks, falls


@dataclass(frozen=True)
class Simulated:
    """A world as it went: events are (person, seconds since the first midnight), in order of time."""

    world: World
    accounts: Accounts
    people: People
    shocks: list[Shock]
    unclear: list[Stretch]
    person: Ints
    second: Ints


def simulate(world: World, seed: int) -> Simulated:
    """Each part draws from a stream of its own, so that changing one leaves the others as they were."""
    rngs = iter([np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(12)])
    accounts = draw_accounts(world, next(rngs))
    people, unclear = draw_people(world, accounts, next(rngs))
    shocks = draw_shocks(world, next(rngs))
    factor = calendar.weekdays(world, next(rngs))[accounts.segment]
    factor *= calendar.public_holidays(world)[accounts.country] * calendar.season(world)
    factor *= calendar.month_ends(world, accounts, next(rngs))
    for course in (courses.onboarding, courses.swings, courses.pauses):
        factor *= course(world, accounts, next(rngs))
    left = courses.drops(world, accounts, next(rngs)) * falls(world, shocks)[accounts.segment]
    away = calendar.vacations(world, accounts, people, next(rngs))
    person, day = draw_user_days(world, people, Levels(factor, left), away, next(rngs))
    last = next(rngs)
    person, second = draw_times(world, person, day, last)
    kept = _received(shocks, accounts.segment[people.account[person]], second, last)
    return Simulated(world, accounts, people, shocks, unclear, person[kept], second[kept])


def _received(shocks: list[Shock], segment: Ints, second: Ints, rng: np.random.Generator) -> np.ndarray:
    """Which events arrived: an outage lets few through."""
    kept = np.ones(len(second), dtype=bool)
    for shock in shocks:
        if shock.kind == "outage":
            first, last = np.searchsorted(second, [shock.start * 86_400, shock.end * 86_400])
            hour = second[first:last] % 86_400 // 3600
            hit = (segment[first:last] == shock.segment) & (hour >= shock.hours[0]) & (hour < shock.hours[1])
            kept[first:last] &= ~hit | (rng.random(last - first) < shock.factor)
    return kept

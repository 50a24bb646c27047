"""Who was there on which day, and when on that day."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.detection.simulator.accounts import Ints
from benchmarks.detection.simulator.parameters import World
from benchmarks.detection.simulator.people import Floats, People

CHUNK = 2000  # people at once, to bound memory
HOURS = (8, 18)
Stretches = tuple[Ints, Ints, Ints]


@dataclass(frozen=True)
class Levels:
    """By account and day: a factor on how often people come, and the share of the days on which they come that is left.

    A regular's hazard may fall by half and he is still there on most days; of the days themselves half means half.
    """

    factor: Floats
    left: Floats


def draw_user_days(
    world: World, people: People, levels: Levels, away: Stretches, rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """Pairs (person, day), sorted by person."""
    found = [_chunk(world, people, levels, away, span, rng) for span in _spans(len(people))]
    person, day = zip(*found, strict=True)
    return np.concatenate(person), np.concatenate(day)


def _spans(n: int) -> Iterator[tuple[int, int]]:
    return ((first, min(first + CHUNK, n)) for first in range(0, n, CHUNK))


def _chunk(
    world: World, people: People, levels: Levels, away: Stretches, span: tuple[int, int], rng: np.random.Generator
) -> tuple[Ints, Ints]:
    part = slice(*span)
    present = _inside(people.join[part], people.leave[part], world.days) & ~_on_vacation(away, span, world.days)
    account = people.account[part]
    hazard = people.rate[part, None] * levels.factor[account] * _bursts(world, present.shape, rng)
    there = rng.random(present.shape, np.float32) < -np.expm1(-hazard) * levels.left[account]
    person, day = np.nonzero(present & there)
    return person + span[0], day


def _inside(begin: Ints, end: Ints, days: int) -> np.ndarray:
    day = np.arange(days)
    return (day >= begin[:, None]) & (day < end[:, None])


def _on_vacation(away: Stretches, span: tuple[int, int], days: int) -> np.ndarray:
    person, begin, end = away
    mine = (person >= span[0]) & (person < span[1])
    change = np.zeros((span[1] - span[0], days + 1), dtype=np.int16)
    np.add.at(change, (person[mine] - span[0], begin[mine]), 1)
    np.add.at(change, (person[mine] - span[0], end[mine]), -1)
    return change.cumsum(axis=1)[:, :-1] > 0


def _bursts(world: World, shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A person's busy and slack spells, each as long on average; mean one."""
    on = rng.random(shape[0]) < 0.5
    flips = rng.random(shape, np.float32) < 2 / world.burst_cycle
    busy = on[:, None] ^ (np.cumsum(flips, axis=1) % 2 == 1)
    return np.where(busy, 1 + world.burstiness, 1 - world.burstiness).astype(np.float32)


def draw_times(world: World, person: Ints, day: Ints, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """(person, seconds since the world began) of every event, within working hours, in order of time."""
    extra = max(world.events_per_day - 1, 0.0)
    times = 1 + (rng.negative_binomial(1, 1 / (1 + extra), len(day)) if extra else np.zeros(len(day), dtype=np.int64))
    person, day = np.repeat(person, times), np.repeat(day, times)
    first, last = (hour * 3600 for hour in HOURS)
    second = day * 86_400 + first + np.floor(rng.beta(1.4, 1.4, len(day)) * (last - first)).astype(np.int64)
    order = np.argsort(second, kind="stable")
    return person[order], second[order]

"""What befalls many accounts at once: segments that fall for a while, sources that stop sending."""

from dataclasses import dataclass

import numpy as np

from benchmarks.detection.simulator.parameters import World
from benchmarks.detection.simulator.people import Floats


@dataclass(frozen=True)
class Shock:
    """One segment's; `end` is not in it; an outage within one day names its hours, from and to."""

    segment: int
    start: int
    end: int
    factor: float
    kind: str
    hours: tuple[int, int] = (0, 24)


def draw_shocks(world: World, rng: np.random.Generator) -> list[Shock]:
    """Falls by segment, then outages; an outage hits from a third of the segments to all of them."""
    shocks = [
        Shock(
            segment,
            start,
            start + int(rng.integers(*world.fall_days)),
            _round(rng.uniform(*world.fall_left)),
            "segfall",
        )
        for segment in range(world.segments)
        for start in _days(world, world.falls, rng)
    ]
    for start in _days(world, world.outages, rng):
        hit = np.flatnonzero(rng.random(world.segments) < rng.uniform(0.35, 1.1))
        if rng.random() < 0.4:
            first = int(rng.integers(8, 13))
            hours, end = (first, first + int(rng.integers(2, 7))), start + 1
        else:
            hours, end = (0, 24), start + int(rng.integers(1, 4))
        shocks += [Shock(int(segment), start, end, world.outage_left, "outage", hours) for segment in hit]
    return shocks


def falls(world: World, shocks: list[Shock]) -> Floats:
    """Activity by segment and day that the falls leave; outages lose events, not activity."""
    factor = np.ones((world.segments, world.days))
    for shock in shocks:
        if shock.kind == "segfall":
            factor[shock.segment, shock.start : shock.end] *= shock.factor
    return factor


def _days(world: World, per_year: float, rng: np.random.Generator) -> list[int]:
    """First days of something that happens so often; not before anyone could have a baseline."""
    number = rng.poisson(per_year * world.days / 365)
    return sorted(int(day) for day in rng.integers(world.eval_from // 2, world.days - 10, number))


def _round(value: float) -> float:
    return round(float(value), 3)

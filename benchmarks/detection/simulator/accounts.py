"""Who the customers are: seats, segment, country, first day, and what will happen to them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.detection.simulator.parameters import COUNTRIES, TYPES, World

Ints = NDArray[np.int64]
LATEST_DROP = 60  # days before the end
EARLIEST_DROP = 30  # days after eval_from
NONE = -1


@dataclass(frozen=True)
class Accounts:
    """Columns, one entry an account; `onset` is the world's length where nothing drops."""

    size: Ints
    seats: Ints
    segment: Ints
    country: Ints
    start: Ints
    drop: Ints
    onset: Ints

    def __len__(self) -> int:
        return len(self.size)


def draw_accounts(world: World, rng: np.random.Generator) -> Accounts:
    """Draws them; within a size, seats are spread evenly over the logarithm."""
    n = world.accounts
    low, high, share = (np.array(column) for column in zip(*world.sizes, strict=True))
    size = rng.choice(len(share), n, p=share / share.sum())
    seats = np.floor(np.exp(rng.uniform(np.log(low[size]), np.log(high[size] + 1)))).astype(np.int64)
    segment = rng.choice(world.segments, n, p=rng.dirichlet(np.full(world.segments, 30.0)))
    homes = rng.permutation(np.arange(world.segments) % len(COUNTRIES))
    country = np.where(rng.random(n) < world.home, homes[segment], rng.integers(0, len(COUNTRIES), n))
    latest = min(300, world.days - 2 * world.eval_from)
    start = np.where(rng.random(n) < world.new_accounts, rng.integers(1, max(2, latest), n), 0)
    drop, onset = _draw_drops(world, seats, start, rng)
    return Accounts(size, seats, segment, country, start, drop, onset)


def _draw_drops(world: World, seats: Ints, start: Ints, rng: np.random.Generator) -> tuple[Ints, Ints]:
    n = len(seats)
    drop = rng.choice(len(TYPES), n, p=np.array(world.drop_shares) / sum(world.drop_shares))
    alone = np.array([TYPES.index("userloss"), TYPES.index("champion")])
    drop = np.where((seats < 2) & np.isin(drop, alone), TYPES.index("silence"), drop)
    crowd = (seats > 50) & (drop == TYPES.index("champion"))  # nobody carries that many
    drop = np.where(crowd, TYPES.index("userloss"), drop)
    earliest = np.maximum(world.eval_from + EARLIEST_DROP, start + world.warmup + 10)
    span = world.days - LATEST_DROP - earliest
    dropping = (rng.random(n) < world.drops) & (span > 0)
    onset = earliest + np.floor(rng.random(n) * np.maximum(span, 1)).astype(np.int64)
    return np.where(dropping, drop, NONE), np.where(dropping, onset, world.days)

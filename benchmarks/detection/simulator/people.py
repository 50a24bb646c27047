"""The people in an account's seats: how often each is there, who leaves, who follows, and when."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.detection.simulator.accounts import Accounts, Ints
from benchmarks.detection.simulator.parameters import TYPES, World

Floats = NDArray[np.float64]
GENERATIONS = 5
OFTEN = 2.2  # no one's daily hazard is higher: nine days in ten


@dataclass(frozen=True)
class People:
    """Columns, one entry a person, sorted by account; `rate` is the mean daily hazard of being there."""

    account: Ints
    join: Ints
    leave: Ints
    rate: Floats

    def __len__(self) -> int:
        return len(self.account)


Stretch = tuple[int, int, int]  # account, from day, to day


def draw_people(world: World, accounts: Accounts, rng: np.random.Generator) -> tuple[People, list[Stretch]]:
    """People of all seats, and the stretches in which a gap left it open whether the account dropped."""
    account = np.repeat(np.arange(len(accounts)), accounts.seats)
    rate = _rates(world, accounts, account, rng)
    share = rate / np.bincount(account, rate)[account]
    join = _joins(world, accounts, account, rng)
    few = accounts.seats[account] <= 3
    columns: list[tuple[Ints, Ints, Ints, Floats]] = []
    unclear: list[Stretch] = []
    seated = np.arange(len(account))
    for _ in range(GENERATIONS):
        leave = join + rng.exponential(365 / world.turnover, len(seated)).astype(np.int64) + 14
        columns.append((account[seated], join, leave, rate))
        gap = np.where(few[seated], rng.integers(0, 3, len(seated)), rng.exponential(world.handover, len(seated)))
        follows = few[seated] | (rng.random(len(seated)) < world.replaced)
        felt = (share[seated] >= world.ambiguous_share) & (leave < world.days) & (~follows | (gap > 10))
        unclear += [
            (int(a), int(t), int(t) + world.ambiguous_days)
            for a, t in zip(account[seated][felt], leave[felt], strict=True)
        ]
        stays = follows & (leave + gap < world.days)
        seated, join = seated[stays], (leave + gap.astype(np.int64))[stays]
        rate = np.minimum(rate[stays] * rng.lognormal(0.0, 0.25, len(seated)), OFTEN)
    people = People(*(np.concatenate(column) for column in zip(*columns, strict=True)))
    order = np.lexsort((people.join, people.account))
    sorted_people = People(people.account[order], people.join[order], people.leave[order], people.rate[order])
    return _with_losses(accounts, sorted_people, rng), unclear


def _rates(world: World, accounts: Accounts, account: Ints, rng: np.random.Generator) -> Floats:
    rate = world.user_days / 7 * rng.lognormal(0.0, world.users_differ, len(account))
    carried = (rng.random(len(accounts)) < world.champions) | (accounts.drop == TYPES.index("champion"))
    first = np.flatnonzero(np.diff(account, prepend=-1))[carried]
    others = np.bincount(account, rate)[carried] - rate[first]
    rate[first] = np.maximum(rate[first], others * rng.uniform(0.8, 2.0, len(first)))
    return np.minimum(rate, OFTEN)


def _joins(world: World, accounts: Accounts, account: Ints, rng: np.random.Generator) -> Ints:
    start = accounts.start[account]
    eager = np.diff(account, prepend=-1) > 0  # the first one is there from the first day
    late = (start > 0) & ~eager
    join = start + np.where(late, rng.exponential(10.0, len(account)), 0.0).astype(np.int64)
    grown = (rng.random(len(account)) < world.growth) & ~eager & (accounts.seats[account] > 3)
    return np.where(grown, rng.integers(start, world.days), join)


def _with_losses(accounts: Accounts, people: People, rng: np.random.Generator) -> People:
    """Ends the stay of champions, and of half to three quarters of an account's people, where that is the drop."""
    onset, drop = accounts.onset[people.account], accounts.drop[people.account]
    there = (people.join < onset) & (people.leave > onset)
    leave, join = people.leave.copy(), people.join.copy()

    rank = _rank(people.account, np.where(there, people.rate, -1.0))
    champion = (drop == TYPES.index("champion")) & there & (rank == 0)
    leave[champion] = onset[champion]

    seated = np.bincount(people.account, there, len(accounts))
    going = np.ceil(seated * rng.uniform(0.5, 0.75, len(accounts)))
    going = np.minimum(going, np.maximum(seated - 1, 1))[people.account]
    rank = _rank(people.account, np.where(there, rng.random(len(people)), -1.0))
    lost = (drop == TYPES.index("userloss")) & there & (rank < going)
    leave[lost] = onset[lost] + rng.integers(0, 15, int(lost.sum()))
    # No one comes into an account that is being left.
    leaving = np.isin(drop, [TYPES.index("champion"), TYPES.index("userloss")])
    never = leaving & (join >= onset)
    leave[never] = join[never]
    return People(people.account, join, leave, people.rate)


def _rank(account: Ints, value: Floats) -> Ints:
    """Each entry's place within its account, the highest value first; accounts stand together."""
    order = np.lexsort((-value, account))
    first = np.maximum.accumulate(np.where(np.diff(account, prepend=-1) > 0, np.arange(len(account)), 0))
    rank = np.empty(len(account), dtype=np.int64)
    rank[order] = np.arange(len(account)) - first
    return rank

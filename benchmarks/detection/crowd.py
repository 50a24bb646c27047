"""A workspace of any number of account-behavior keys: customers enough to see what a day's evaluation costs.

Accounts have `*` and two to four behaviors, people who come in a weekly rhythm of their own, a segment, a country and
a time zone; a few pause, and every day some leave for good, so that alerts open as they do in life.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schemas.behaviors import Definition
from schemas.windows import ALL, ALL_NUMBER
from streams.detectors.base import Ints
from streams.evaluating.activity import Activity, gather, pack
from streams.evaluating.world import Account, Adoption, World

_KEYS_EACH = 4  # an account's, on average
_BEHAVIORS = 6
_PEOPLE = 4  # an account's, on average
_COMES, _WEEKEND = 0.5, 0.15  # the share of days on which a person comes; of it, on weekends
_DOES = 0.4  # the share of visits on which a person does one of the account's behaviors
_ADOPT = 0.95  # the share of accounts that take up the behavior whose adoption is declared
_LEAVE = 0.2  # of accounts, a year
_PAUSE = 0.002
_SEGMENTS = ("arr:<10k", "arr:10k-50k", "arr:50k-250k", "arr:250k+")
_COUNTRIES = (("DE", "Europe/Berlin"), ("US", "America/New_York"), ("GB", "Europe/London"), ("", "UTC"))


@dataclass
class Crowd:
    """The world, and by person (in the order of accounts): account, habit and behaviors (`does[person, behavior]`)."""

    world: World
    account: Ints
    comes: NDArray[np.float64]
    does: NDArray[np.bool_]
    leaves: Ints  # the day on which a person's account leaves
    rng: np.random.Generator

    def day(self, date: int) -> Activity:
        """Who came on a day (since 1970-01-01), and what they did."""
        share = self.comes * (_WEEKEND if (date + 3) % 7 >= 5 else 1)
        came = np.flatnonzero((self.rng.random(len(share)) < share) & (date < self.leaves))
        did = self.does[came] & (self.rng.random((len(came), _BEHAVIORS)) < _DOES)
        who, behavior = np.nonzero(did)
        person = np.concatenate([came, came[who]])
        keys = pack(self.account[person], np.concatenate([np.full(len(came), ALL_NUMBER), behavior + 1]))
        hours, events = self.rng.integers(8, 18, len(keys)), self.rng.integers(1, 12, len(keys))
        return gather(np.full(len(keys), date), hours, keys, events, np.arange(len(keys)), person + 1)


def crowd(keys: int, first: int, seed: int = 1) -> Crowd:
    """About so many keys of accounts' behaviors; `first` is the first day (since 1970-01-01)."""
    rng = np.random.default_rng(seed)
    number = keys // _KEYS_EACH
    people = rng.poisson(_PEOPLE - 1, number) + 1
    wanted = rng.random((number, _BEHAVIORS)).argsort(1) < rng.integers(2, 5, number)[:, None]
    wanted[:, 0] |= rng.random(number) < _ADOPT
    owner = np.repeat(np.arange(number), people)
    leaves = first + (365 / _LEAVE * rng.exponential(size=number)).astype(np.int64)
    world = World(
        workspace=1,
        accounts={n: _account(n, rng, first) for n in range(1, number + 1)},
        behaviors={ALL_NUMBER: ALL} | {n: f"behavior {n}" for n in range(1, _BEHAVIORS + 1)},
        users={n: f"user-{n}" for n in range(1, len(owner) + 1)},
        strangers=np.empty(0, np.int64),
        champions=np.sort(rng.choice(len(owner), number // 20, replace=False)) + 1,
        adoptions={1: Adoption(Definition(name="behavior 1", events=("one",), due_day=60, frequency=0.5, breadth=1))},
    )
    comes = np.clip(rng.beta(2, 2, len(owner)) * 2 * _COMES, 0.02, 0.95)
    return Crowd(world, owner + 1, comes, wanted[owner], leaves[owner], rng)


def _account(number: int, rng: np.random.Generator, first: int) -> Account:
    segment, country = rng.choice(4, p=(0.5, 0.3, 0.15, 0.05)), rng.integers(len(_COUNTRIES))
    region, zone = _COUNTRIES[country]
    pauses = ((first + 20, first + 60),) if rng.random() < _PAUSE else ()
    name = f"account-{number:07}"
    return Account(number, name, name, _SEGMENTS[segment], region, zone, first - int(rng.integers(400)), pauses)

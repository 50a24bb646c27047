"""What a day is worth: weekdays, public holidays, month ends, the season, and people's vacations."""

from datetime import date, timedelta

import holidays
import numpy as np

from benchmarks.detection.simulator.accounts import Accounts, Ints
from benchmarks.detection.simulator.parameters import COUNTRIES, World
from benchmarks.detection.simulator.people import Floats, People

ON_HOLIDAY = 0.12
SOUTHERN = COUNTRIES.index("BR")


def dates(world: World) -> list[date]:
    """The world's days."""
    return [world.start_date + timedelta(day) for day in range(world.days)]


def weekdays(world: World, rng: np.random.Generator) -> Floats:
    """Activity by segment and day, its mean over a week being one."""
    kind = np.array([day.weekday() for day in dates(world)])
    profile = rng.normal(1.0, 0.08, (world.segments, 7))
    profile[:, 4] *= rng.uniform(0.75, 1.0, world.segments)
    profile[:, 5:] = rng.uniform(*world.weekend, (world.segments, 1)) * rng.uniform(0.8, 1.2, (world.segments, 2))
    profile /= profile.mean(axis=1, keepdims=True)
    return profile[:, kind]


def public_holidays(world: World) -> Floats:
    """Activity by country and day: a little on holidays, one on others."""
    factor = np.ones((len(COUNTRIES), world.days))
    if world.holidays:
        for row, country in zip(factor, COUNTRIES, strict=True):
            free = holidays.country_holidays(country)
            row[[day in free for day in dates(world)]] = ON_HOLIDAY
    return factor


def month_ends(world: World, accounts: Accounts, rng: np.random.Generator) -> Floats:
    """Activity by account and day: for a few accounts most of it lies within the last five days of a month."""
    last = np.array([(day + timedelta(5)).month != day.month for day in dates(world)])
    chosen = rng.random(len(accounts)) < world.month_end
    return np.where(chosen[:, None], np.where(last, 4.0, 0.4), 1.0)


def season(world: World) -> Floats:
    """A yearly wave, lowest in summer."""
    day = np.array([day.timetuple().tm_yday for day in dates(world)])
    return 1 + world.season * np.cos(2 * np.pi * (day - 20) / 365)


def vacations(world: World, accounts: Accounts, people: People, rng: np.random.Generator) -> tuple[Ints, Ints, Ints]:
    """Stretches (person, from, to): a long one in summer, one around Christmas, single weeks; the second half open."""
    n, years = len(people), range(world.start_date.year, (world.start_date + timedelta(world.days)).year + 1)
    south = accounts.country[people.account] == SOUTHERN
    found: list[tuple[Ints, Ints, Ints]] = []

    def take(chance: float, begin: Ints, length: Ints) -> None:
        going = np.flatnonzero(rng.random(n) < min(chance * world.vacations, 0.95))
        found.append((going, begin[going], (begin + length)[going]))

    for year in years:
        january, july = ((date(year, month, 2) - world.start_date).days for month in (1, 7))
        christmas = np.full(n, (date(year, 12, 22) - world.start_date).days)
        summer = np.where(south, january, july) + np.floor(rng.beta(2.5, 2.0, n) * 55).astype(np.int64)
        take(0.6, summer, rng.integers(7, 23, n))
        take(0.55, christmas + rng.integers(0, 3, n), rng.integers(6, 14, n))
        for _ in range(2):
            take(0.6, january - 1 + rng.integers(0, 365, n), rng.integers(2, 9, n))
    person, begin, end = (np.concatenate(column) for column in zip(*found, strict=True))
    inside = (end > 0) & (begin < world.days)
    return person[inside], np.clip(begin, 0, world.days)[inside], np.clip(end, 0, world.days)[inside]

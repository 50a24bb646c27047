"""What the made-up company's customers do, day by day: drawn for all people and days at once, the same for a seed.

Weekdays, holidays of each country, vacations, a summer and a turn of the year shape it, as they do real use.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

import holidays
import numpy as np
from numpy.typing import NDArray

from deploy.local.demo.company import BEHAVIORS, HORIZON, PRESENT, Customer, Person, day_of
from schemas.clock import HOUR_MS, to_ms

_WEEKDAYS = np.array([0.95, 1.0, 1.0, 0.97, 0.85, 0.06, 0.04])
_NOON = 12.8  # local; people work around it
_EARLIEST, _LATEST = 7.5, 18.5

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Activity(NamedTuple):
    """n events in the order of time: `time` (ms), and indices of people and behaviors."""

    time: Ints
    person: Ints
    behavior: Ints


class World:
    """Everybody's habits in arrays, (people,) and (people, days)."""

    def __init__(self, seed: int, customers: Sequence[Customer]) -> None:
        self.seed = seed
        self.customers = customers
        self.people: list[Person] = [person for customer in customers for person in customer.people]
        self.customer_of: Ints = np.repeat(np.arange(len(customers)), [len(customer.people) for customer in customers])
        self._mix = np.cumsum([person.mix for person in self.people], axis=1)
        self._intensity = np.array([person.intensity for person in self.people])
        self._rates = self._chances()

    def events(self, first: int, last: int) -> Activity:
        """The events of days [first, last): always the same for the same days."""
        rng = np.random.default_rng([self.seed, 2, first])
        chance = self._rates[:, first:last]
        person, day = np.nonzero(rng.random(chance.shape) < chance)
        count = np.minimum(1 + rng.poisson(self._intensity[person]), 8)
        person, day = np.repeat(person, count), np.repeat(day + first, count)
        behavior = (rng.random((len(person), 1)) > self._mix[person]).sum(1)
        hour = np.clip(rng.normal(_NOON, 2.2, len(person)), _EARLIEST, _LATEST)
        time = self._midnights(first, last)[self.customer_of[person], day - first] + (hour * HOUR_MS).astype(np.int64)
        order = np.argsort(time, kind="stable")
        return Activity(time[order], person[order], np.minimum(behavior, len(BEHAVIORS) - 1)[order])

    def _chances(self) -> Floats:
        """(people, days): how likely each person does anything on each day."""
        days = np.arange(HORIZON)
        by_customer = np.stack([_calendar(customer) for customer in self.customers])
        rates = np.array([person.rate for person in self.people])[:, None] * by_customer[self.customer_of]
        first = np.array([person.first for person in self.people])[:, None]
        last = np.array([person.last for person in self.people])[:, None]
        rates[(days < first) | (days > last) | self._vacations()] = 0
        return rates

    def _vacations(self) -> NDArray[np.bool_]:
        """Four or five weeks a year, one of every two in summer."""
        rng = np.random.default_rng([self.seed, 3])
        away = np.zeros((len(self.people), HORIZON), np.bool_)
        for year in range(0, HORIZON, 365):
            for summer in (True, True, False, False):
                start = year + rng.integers(*((75, 140) if summer else (0, 365)), len(self.people))
                for offset in range(9):
                    day = np.minimum(start + offset, HORIZON - 1)
                    away[np.arange(len(self.people)), day] = True
        # The stories' people have no time for it just before the present.
        away[:, PRESENT - 21 : PRESENT + 28] = False
        return away

    def _midnights(self, first: int, last: int) -> Ints:
        """(customers, days): local midnight in UTC milliseconds."""
        by_zone = {
            zone: [to_ms(_midnight(day, zone)) for day in range(first, last)]
            for zone in {customer.region.zone for customer in self.customers}
        }
        return np.array([by_zone[customer.region.zone] for customer in self.customers], np.int64)


def _calendar(customer: Customer) -> Floats:
    """(days,): the factor of a customer's days: weekday, holidays, season, its life, and its dips."""
    dates = [day_of(day) for day in range(HORIZON)]
    free = holidays.country_holidays(customer.region.country, years=range(dates[0].year, dates[-1].year + 1))
    factor = np.array([_WEEKDAYS[on.weekday()] * (0.05 if on in free else 1) * _season(on) for on in dates])
    for first, last, dip in customer.dips:
        factor[max(first, 0) : last + 1] *= dip
    factor[: max(customer.first, 0)] = 0
    factor[customer.ends :] = 0
    return factor


def _season(on: date) -> float:
    month, day = on.month, on.day
    if (month, day) >= (12, 22) or (month, day) <= (1, 3):
        return 0.3
    return 0.85 if month in (7, 8) else 1.0


def _midnight(day: int, zone: str) -> datetime:
    on = day_of(day)
    return datetime(on.year, on.month, on.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def start_of(day: int) -> int:
    """UTC midnight of a day, in milliseconds."""
    return to_ms(_midnight(day, "UTC"))

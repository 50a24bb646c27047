"""Which kind of day a date is for an account: its weekday, or a holiday where it lives.

>>> [int(kind) for kind in kinds_of(day_number(date(2026, 12, 25)), ["DE", "SA", ""])]
[7, 4, 4]
"""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

import holidays
import numpy as np
from numpy.typing import NDArray

from streams.baselines import HOLIDAY

REGION_TRAITS = ("country", "region")
_EPOCH = date(1970, 1, 1)


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - _EPOCH).days


def day_of(number: int) -> date:
    """The date that many days after 1970-01-01."""
    return _EPOCH + timedelta(days=int(number))


def region_of(traits: dict[str, Any]) -> str:
    """Where an account keeps its holidays: its country's region, else either alone; empty where unknown.

    >>> [region_of({"country": "DE", "region": region}) for region in ("BY", "DE-BY", "EMEA")]
    ['DE-BY', 'DE-BY', 'DE']
    """
    country, region = (str(traits.get(name) or "").strip().upper() for name in REGION_TRAITS)
    within = region if country and region.startswith(f"{country}-") else f"{country}-{region}"
    both = [within] if country and region else []
    return next((found for found in (*both, country, region) if found and _known(found)), "")


def kinds_of(day: int, regions: Sequence[str]) -> NDArray[np.int64]:
    """The kind of that day in each region: Monday 0 … Sunday 6, holiday 7."""
    weekday, year = (day + 3) % 7, day_of(day).year
    return np.array([HOLIDAY if day in _holidays(region, year) else weekday for region in regions], np.int64)


@lru_cache(maxsize=1024)
def _known(region: str) -> bool:
    country, _, part = region.partition("-")
    try:
        holidays.country_holidays(country, subdiv=part or None, years=2020)
    except (NotImplementedError, KeyError, AttributeError, TypeError):
        return False
    return True


@lru_cache(maxsize=4096)
def _holidays(region: str, year: int) -> frozenset[int]:
    if not region:
        return frozenset()
    country, _, part = region.partition("-")
    found = holidays.country_holidays(country, subdiv=part or None, years=year, expand=False)
    return frozenset(day_number(day) for day in found)

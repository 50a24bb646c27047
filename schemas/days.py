"""Local days: an account's time zone decides its days, and every day is made of whole UTC hours.

A local day starts at the first UTC hour at or after local midnight, so days of 23 and 25 hours come out right.

>>> [start // HOUR_MS % 24 for start in day_starts("Europe/Berlin", date(2026, 3, 28), 3)]
[23, 23, 22]
>>> local_date("Asia/Kolkata", 1_700_000_000_000)
datetime.date(2023, 11, 15)
"""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from schemas.clock import HOUR_MS, to_datetime, to_ms


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """The time zone of that name (IANA); UTC where there is none such."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def zone_of(traits: dict[str, Any], default: str = "UTC") -> str:
    """The name of the time zone that decides an account's days."""
    found = traits.get("time_zone")
    return found if isinstance(found, str) and zone(found).key == found else default


@lru_cache(maxsize=65536)
def day_start(name: str, day: date) -> int:
    """When that local day starts: ms of the first UTC hour at or after local midnight."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone(name))
    return -(-to_ms(midnight.astimezone(UTC)) // HOUR_MS) * HOUR_MS


def day_starts(name: str, first: date, days: int) -> list[int]:
    """The starts (ms) of `days` local days from `first` on; a day that a zone skipped starts where the next does."""
    return [day_start(name, first + timedelta(days=i)) for i in range(days)]


def local_date(name: str, ms: int) -> date:
    """The local day that holds the UTC hour of a moment: whole hours belong to one day."""
    hour = ms // HOUR_MS * HOUR_MS
    day = to_datetime(hour).astimezone(zone(name)).date()
    return day if day_start(name, day) <= hour else day - timedelta(days=1)

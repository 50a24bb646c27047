"""From what a request says of time to the edges of windows.

>>> now = to_ms(datetime(2026, 3, 30, 12, tzinfo=UTC))
>>> [len(edges("day", "Europe/Berlin", "2026-03-28", "2026-03-31", now)), len(edges("hour", "UTC", None, None, now))]
[4, 721]
"""

from datetime import UTC, date, datetime, timedelta
from typing import Literal

from schemas.clock import DAY_MS, HOUR_MS, to_datetime, to_ms
from schemas.days import day_start, day_starts, local_date
from schemas.errors import DefinitionError

SpanName = Literal["hour", "day", "rolling"]

DEFAULT_DAYS = 30
MAX_SPANS = 10_000
_YEARS = range(1971, 2200)


def moment(said: str, zone: str = "UTC") -> int:
    """An ISO date (the start of that local day) or datetime (UTC unless it says) as milliseconds."""
    try:
        if len(said) == 10:
            day = date.fromisoformat(said)
            _check_year(day.year)
            return day_start(zone, day)
        found = datetime.fromisoformat(said)
        _check_year(found.year)
        return to_ms(found if found.tzinfo else found.replace(tzinfo=UTC))
    except ValueError as error:
        raise DefinitionError(
            f"{said!r} is no ISO date or datetime ({error}); say 2026-03-01 or 2026-03-01T06:00:00Z."
        ) from None


def _check_year(year: int) -> None:
    if year not in _YEARS:
        raise ValueError(f"the year is not in {_YEARS.start} to {_YEARS.stop - 1}")


def moments(since: str | None, until: str | None) -> tuple[datetime | None, datetime | None]:
    """The bounds of a list, where they are said."""
    return (
        to_datetime(moment(since)) if since else None,
        to_datetime(moment(until)) if until else None,
    )


def edges(span: SpanName, zone: str, since: str | None, until: str | None, now: int, days: int = 1) -> list[int]:
    """The starts (ms) of the spans of `[since, until)` and the end of the last; the last 30 days unless said.

    Hours are UTC; days are local. For a rolling span of n days they start n - 1 days earlier.
    """
    if span == "hour":
        return _hours(since, until, now)
    last = local_date(zone, now) if until is None else local_date(zone, moment(until, zone) - 1)
    first = last - timedelta(days=DEFAULT_DAYS - 1) if since is None else local_date(zone, moment(since, zone))
    n = (last - first).days + 1
    _check_count(n)
    starts = day_starts(zone, first - timedelta(days=days - 1), n + days)
    return sorted(set(starts))  # a day that the zone skipped is none


def _hours(since: str | None, until: str | None, now: int) -> list[int]:
    end = -(-(moment(until) if until else now + 1) // HOUR_MS) * HOUR_MS
    start = moment(since) // HOUR_MS * HOUR_MS if since else end - DEFAULT_DAYS * DAY_MS
    _check_count((end - start) // HOUR_MS)
    return list(range(start, end + 1, HOUR_MS))


def _check_count(n: int) -> None:
    if n <= 0:
        raise DefinitionError("`to` is exclusive and must be after `from`.")
    if n > MAX_SPANS:
        raise DefinitionError(f"That would be {n:,} windows; ask for at most {MAX_SPANS:,} at once.")

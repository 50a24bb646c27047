"""Numbers for the pictures: bars and bands in an SVG's own coordinates, so that templates only place them.

>>> first, second = date(2026, 3, 1), date(2026, 3, 2)
>>> chart = daily([Day(first, 4), Day(second, 2)], Band(first, second, 3, 2, 4))
>>> chart.top, [bar.height for bar in chart.bars]
(4, [170.0, 85.0])
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import msgspec

WIDTH, HEIGHT, LEFT, TOP = 860.0, 170.0, 36.0, 24.0
METER = 150.0


class Day(msgspec.Struct, frozen=True):
    """One local day and how many people were active on it."""

    day: date
    users: int


class Band(msgspec.Struct, frozen=True):
    """What was expected a day, low to high, from one day up to another (exclusive)."""

    first: date
    end: date
    expected: float
    low: float
    high: float


class Bar(msgspec.Struct, frozen=True):
    """A bar of a chart, with what it says in words."""

    x: float
    y: float
    width: float
    height: float
    label: str
    after: bool


class Tick(msgspec.Struct, frozen=True):
    """A word at a place of an axis."""

    at: float
    label: str


class Chart(msgspec.Struct, frozen=True):
    """A daily chart; `band` is (x, y, width, height, y of expected), `onset` an x."""

    bars: list[Bar]
    days: list[Tick]
    levels: list[Tick]
    top: int
    band: tuple[float, float, float, float, float] | None
    onset: float | None
    people: int


class Meter(msgspec.Struct, frozen=True):
    """Observed against expected as lengths: a bar, an interval and a mark on one line."""

    observed: float
    expected: float
    low: float
    high: float


def meter(alert: dict[str, Any]) -> Meter | None:
    """An alert's observed and expected as a tiny picture, where it has both."""
    said = [alert.get(name) for name in ("observed", "expected", "low", "high")]
    values = [float(value) for value in said if value is not None]
    if len(values) < len(said):
        return None
    most = max(*values, 1e-9)
    return Meter(*(round(METER * max(value, 0) / most, 1) for value in values))


def daily(days: Sequence[Day], band: Band | None = None, onset: date | None = None) -> Chart | None:
    """People a day as bars, with the expected band and the onset where they are known."""
    if not days:
        return None
    highest = max(*(one.users for one in days), band.high if band else 0, 4)
    top = _nice(highest)
    step = WIDTH / len(days)

    def x(day: date) -> float:
        return round(LEFT + step * min(max((day - days[0].day).days, 0), len(days)), 1)

    def y(value: float) -> float:
        return round(TOP + HEIGHT * (1 - value / top), 1)

    bars = [
        Bar(
            x=round(LEFT + step * i + step * 0.12, 1),
            y=y(one.users),
            width=round(step * 0.76, 1),
            height=round(HEIGHT * one.users / top, 1),
            label=f"{one.day:%a} {one.day.day} {one.day:%B %Y}: {one.users} {'person' if one.users == 1 else 'people'}",
            after=onset is not None and one.day >= onset,
        )
        for i, one in enumerate(days)
    ]
    drawn = None
    if band and band.end > days[0].day:
        left = x(band.first)
        drawn = (
            left,
            y(band.high),
            round(x(band.end) - left, 1),
            round(y(band.low) - y(band.high), 1),
            y(band.expected),
        )
    months = [one for one in days if one.day.day == 1 or (len(days) <= 45 and one.day.weekday() == 0)]
    ticks = [Tick(x(one.day), f"{one.day.day} {one.day:%b}") for one in months]
    levels = [Tick(y(value), str(value)) for value in sorted({0, top // 2, top} if top > 1 else {0, 1})]
    at = x(onset) if onset and onset >= days[0].day else None
    return Chart(bars, ticks, levels, top, drawn, at, sum(one.users for one in days))


def _nice(value: float) -> int:
    """The next round number, so that the axis reads well."""
    scale = 1
    while True:
        for step in (1, 2, 4, 6, 8):
            if value <= step * scale:
                return step * scale
        scale *= 10


def span_of(evidence: dict[str, Any]) -> Band | None:
    """The expected band of an alert's window, a day."""
    try:
        first, last = date.fromisoformat(evidence["window_from"]), date.fromisoformat(evidence["window_to"])
        days = float(evidence["window_days"])
        expected, low, high = (float(evidence[name]) / days for name in ("expected", "low", "high"))
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    return Band(first, last + timedelta(days=1), expected, low, high)

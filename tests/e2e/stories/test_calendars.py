"""Holidays, months' ends and the days when clocks are changed: what recurs is no drop."""

from collections.abc import Callable
from datetime import date, time

import pytest
from holidays import country_holidays

from tests.e2e.stories.cast import END, FIRST, PEOPLE, World, day_of, on, story, weekdays
from tests.e2e.stories.stage import Told

pytestmark = pytest.mark.timeout(900)  # whichever comes first waits for the play

Telling = Callable[[World], Told]
GOLDEN_WEEK = range((date(2025, 10, 1) - FIRST).days, (date(2025, 10, 8) - FIRST).days + 1)
LAST_SEEN = (date(2025, 7, 31) - FIRST).days
CHINESE = ("canton", "dalian", "harbin")
ZONES = {"Europe/Berlin": "berlin", "America/New_York": "new-york", "Australia/Sydney": "sydney"}


@story("town")
def holidays(town: World) -> None:
    """China's accounts are closed on its holidays, as from 1 to 8 October; their plan's other accounts work on."""
    free = {(day - FIRST).days for day in country_holidays("CN", years=2025)}
    assert free.issuperset(weekdays(GOLDEN_WEEK.start, GOLDEN_WEEK.stop))
    for name in CHINESE:
        one = town.account(name, country="CN", time_zone="Asia/Shanghai")
        one.comes(PEOPLE[:6], weekdays(but=free), chance=0.8)


def test_a_holiday_week_is_no_alert(told: Telling) -> None:
    assert [alert for name in CHINESE for alert in told(holidays).of(name)] == []


@story("town")
def month_ends(town: World) -> None:
    """Two accounts work on the last three days of a month only, one from August on no more."""
    ends = [day for day in range(-7, END) if on(day + 3).day <= 3]
    town.account("closers").comes(PEOPLE[:5], ends)
    town.account("quitters").comes(PEOPLE[:5], [day for day in ends if day <= LAST_SEEN])


def test_an_account_of_month_ends_is_quiet_between_them(told: Telling) -> None:
    assert told(month_ends).of("closers") == []


def test_month_ends_that_are_missed_are_told(told: Telling) -> None:
    [alert] = told(month_ends).of("quitters")
    assert day_of(alert["fired_at"]) >= LAST_SEEN + 31
    assert (alert["kind"], "no sign of life since 31 July 2025" in alert["sentence"]) == ("account.silent", True)
    assert LAST_SEEN < (date.fromisoformat(alert["since"]) - FIRST).days < LAST_SEEN + 14


@story("town")
def clock_changes(town: World) -> None:
    """Office hours, and night shifts that work while clocks are put back (Berlin, New York) or forward (Sydney)."""
    for zone, place in ZONES.items():
        for i, at in enumerate((time(2, 30), time(2, 30), time(10), time(10))):
            one = town.account(f"{place}-{i}", time_zone=zone, plan=place)
            one.comes(PEOPLE[: 4 + i], range(END), chance=0.9, at=at)


def test_days_of_23_and_25_hours_are_no_alert(told: Telling) -> None:
    was = told(clock_changes)
    assert [alert for place in ZONES.values() for i in range(4) for alert in was.of(f"{place}-{i}")] == []

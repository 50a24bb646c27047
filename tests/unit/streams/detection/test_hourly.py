"""Hours of busy keys: found early, the same however the day is cut, and nobody's stop when everybody stops."""

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest

from streams.detectors.base import HOURS, Day, Hours
from streams.detectors.hourly_dropped import HourlyDropped

KEYS = np.arange(1, 7) << 32
SHAPE = np.array([0] * 7 + [1] * 11 + [0] * 7)
LAST = 70


def days(seed=1, stops=None, all_stop=False):
    """Ten weeks of six keys, 200 to 1,200 noisy events an hour; one (or all) may stop at an hour of the last day."""
    rng = np.random.default_rng(seed)
    level = np.linspace(200, 1200, len(KEYS))
    for date in range(LAST + 1):
        weekend = 0.2 if (date + 3) % 7 > 4 else 1.0
        mean = SHAPE[:, None] * level * weekend * rng.gamma(20, 1 / 20, len(KEYS))
        events = rng.poisson(mean * rng.gamma(10, 1 / 10, (HOURS, len(KEYS)))).astype(float)
        if date == LAST and stops is not None:
            events[stops:, : len(KEYS) if all_stop else 1] = 0
        length = np.full(len(KEYS), HOURS - 1)
        kind, alike = np.full(len(KEYS), (date + 3) % 7), np.zeros(len(KEYS), np.int64)
        hours = Hours(KEYS, events, length, length)
        yield Day(date, True, KEYS, np.ones(len(KEYS)), events.sum(0), kind, alike, 1, hours=hours)


def run(given, detector=None):
    detector = detector or HourlyDropped(0.1)
    state, verdicts = detector.initial(), None
    for day in given:
        state, verdicts = detector.step(state, day)
    return state, verdicts


def until(day, hour):
    """The day as it is known at an hour."""
    events = np.where(np.arange(HOURS)[:, None] < hour, day.hours.events, 0)
    known = np.minimum(day.hours.length, hour)
    return replace(day, hours=Hours(KEYS, events, day.hours.length, known), events=events.sum(0))


def test_a_stop_is_found_within_three_hours():
    state, verdicts = run(days(stops=10))
    assert verdicts.crosses.tolist() == [True] + [False] * 5
    assert state.watch.hour[0] + 1 - 10 <= 3


@pytest.mark.parametrize("stops", [9, 14])
def test_hour_by_hour_finds_what_the_whole_day_finds(stops):
    detector = HourlyDropped(0.1)
    *before, last = days(stops=stops)
    state, _ = run(before, detector)
    opened = []
    for hour in range(1, HOURS):
        now, verdicts = detector.step(deepcopy(state), until(last, hour))
        opened += [hour] if verdicts.crosses[0] else []
    whole, _ = detector.step(deepcopy(state), last)
    assert opened[0] == whole.watch.hour[0] + 1
    assert opened == list(range(opened[0], HOURS))
    assert now.watch.hour[0] == whole.watch.hour[0]


def test_when_everybody_stops_it_is_nobodys():
    _, verdicts = run(days(stops=10, all_stop=True))
    assert not verdicts.crosses.any()


def test_an_ordinary_quarter_is_quiet():
    detector, opened = HourlyDropped(0.1), 0
    state = detector.initial()
    for day in days(seed=5):
        state, verdicts = detector.step(state, day)
        opened += int(verdicts.crosses.sum())
    assert opened == 0


def test_a_restart_changes_nothing():
    detector = HourlyDropped(0.1)
    given = list(days(stops=10))
    state, _ = run(given[:40], detector)
    state = detector.load({name: array.copy() for name, array in detector.save(state).items()})
    for day in given[40:]:
        state, verdicts = detector.step(state, day)
    whole, wanted = run(given, HourlyDropped(0.1))
    assert np.array_equal(verdicts.score, wanted.score)
    assert np.array_equal(state.watch.hour, whole.watch.hour)

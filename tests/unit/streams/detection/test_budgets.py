"""A budget that changes counts from the next day on, not from the next month's calibration on."""

from typing import Any

import numpy as np
import pytest

from streams.detectors.account_silent import AccountSilent
from streams.detectors.base import Verdicts
from streams.detectors.behavior_dropped import BehaviorDropped
from streams.detectors.examples import busy_days_of, days_of
from streams.detectors.hourly_dropped import HourlyDropped
from streams.detectors.segment_dropped import SegmentDropped
from streams.detectors.users_gone import UsersGone

DAILY = list(days_of([[6] * 100, [5] * 100, [1, 0, 2] * 33 + [1]]))  # the last day is in the middle of a month
HOURLY = list(busy_days_of([60] * 70, stops=(69, 20)))
CASES = [
    (AccountSilent, DAILY),
    (BehaviorDropped, DAILY),
    (HourlyDropped, HOURLY),
    (SegmentDropped, DAILY),
    (UsersGone, DAILY),
]


def last(before: Any, on_the_last_day: Any, days: Any) -> Verdicts:
    """The verdicts of the last day, by a detector whose state another one left."""
    state = before.initial()
    for day in days[:-1]:
        state, _ = before.step(state, day)
    verdicts: Verdicts = on_the_last_day.step(on_the_last_day.load(before.save(state)), days[-1])[1]
    return verdicts


@pytest.mark.parametrize(("detector", "days"), CASES)
@pytest.mark.parametrize(("was", "becomes"), [(0.5, 0.02), (0.02, 0.5)])
def test_the_next_day_is_judged_by_the_new_budget(detector: Any, days: Any, was: float, becomes: float) -> None:
    changed = last(detector(was), detector(becomes), days)
    always = last(detector(becomes), detector(becomes), days)
    assert np.array_equal(changed.threshold, always.threshold)
    assert np.array_equal(changed.crosses, always.crosses)
    assert not np.array_equal(changed.threshold, last(detector(was), detector(was), days).threshold)


def test_what_would_have_kept_hours_quiet_is_said_by_the_budget_of_the_day() -> None:
    def quiet_from(was: float, becomes: float) -> float:
        before, after = HourlyDropped(was), HourlyDropped(becomes)
        state = before.initial()
        for day in HOURLY[:-1]:
            state, _ = before.step(state, day)
        return after.case(after.step(state, HOURLY[-1])[0], 0).quiet_from

    assert quiet_from(0.5, 1e-20) == quiet_from(1e-20, 1e-20) < quiet_from(0.5, 0.5) == quiet_from(1e-20, 0.5)

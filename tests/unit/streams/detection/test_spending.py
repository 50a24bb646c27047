"""What all kinds spend of one budget, and the margin that keeps it."""

import numpy as np
import pytest

from streams import calibration, spending
from streams.detectors.base import Verdicts
from streams.detectors.behavior_dropped import Past
from streams.spending import Spending

KEYS = np.arange(1, 201) << 32
MONTH = 31
YES = np.ones(len(KEYS), np.bool_)


def spend(rarity: float, every: int, days: int) -> Spending:
    """Each account's rarest finding is so rare once in so many days, and nothing is ever wrong."""
    spent = Spending()
    for day in range(days):
        spent.begin(day, 0.5)
        found = np.where((day + np.arange(len(KEYS))) % every == 0, rarity, 0.0)
        spent.take(day, KEYS, np.zeros(len(KEYS), np.int64), Past(YES, YES), found)
    return spent


def test_kinds_that_spend_too_much_have_to_be_rarer() -> None:
    assert spend(3.0, every=60, days=300).margin > 0.15


def test_kinds_that_spend_too_little_may_be_less_rare() -> None:
    assert spend(1.0, every=400, days=300).margin < 0


def test_the_margin_is_never_more_than_a_factor_of_two() -> None:
    assert spend(6.0, every=20, days=300).margin == pytest.approx(0.3)


def test_a_margin_holds_for_a_month_and_comes_from_what_was_known_before_it() -> None:
    spent = spend(3.0, every=60, days=300)
    first = int(np.datetime64("1971-01", "D").astype(int))
    margins = {spent.begin(day, 0.5) for day in range(first, first + MONTH)}
    assert len(margins) == 1


def test_the_rarest_of_all_kinds_counts_each_measured_by_its_own_share() -> None:
    one, other = KEYS[:1], KEYS[:1] | 7
    limit = float(calibration.rarity_of(np.array(0.5)))
    yes = np.ones(1, np.bool_)

    def verdicts(keys: np.ndarray, score: float, threshold: float) -> Verdicts:
        return Verdicts(keys, yes, yes, np.array([score]), np.array([threshold]), np.ones(1))

    found = spending.rarest(KEYS[:2], [verdicts(one, 3.0, 2.0), verdicts(other, 4.0, 3.5)], 0.5, margin=0.1)
    assert found.tolist() == pytest.approx([limit + 1.1, 0])


def test_it_goes_on_from_what_was_saved() -> None:
    spent = spend(3.0, every=60, days=200)
    again = Spending.restored(spent.arrays())
    for one in (spent, again):
        for day in range(200, 260):
            one.begin(day, 0.5)
            one.take(day, KEYS, np.zeros(len(KEYS), np.int64), Past(YES, YES), np.full(len(KEYS), 2.9))
    assert again.margin == spent.margin
    assert {name: found.tolist() for name, found in again.arrays().items()} == {
        name: found.tolist() for name, found in spent.arrays().items()
    }

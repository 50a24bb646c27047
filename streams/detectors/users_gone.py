"""An account loses its people: of all it had, more than is usual for its age and segment; or the one who carried it.

Every person's own habit says how likely it is that they are gone (streams/habits.py). An account's loss is the share of
its use that the gone used to do, less what newcomers have taken over, less what other accounts of its segment lose at
that age (streams/settling.py). Its champion is the person with that role, else the one who clearly did most of it. Both
losses become a rarity among accounts where nothing was wrong (streams/whole.py). Only people who had come for two weeks
count as lost; of an account with one of them, that is its silence (account_silent.py).

A key is an account (its loss), or an account and a user (its champion's).

>>> from streams.detectors.examples import days_of
>>> detector = UsersGone(budget=0.1, champions=0.05)
>>> state = detector.initial()
>>> for day in days_of([[6] * 70 + [2] * 25, [6] * 95]):
...     state, verdicts = detector.step(state, day)
>>> [(int(key >> 32), int(key & 0xFFFFFFFF)) for key in verdicts.keys[verdicts.crosses]]
[(1, 0)]
"""

from typing import Any

import numpy as np

from streams import calibration, habits
from streams.columns import Arrays, part_of
from streams.detectors.base import OF_ACCOUNT, Bools, Case, Day, Floats, Ints, Verdicts
from streams.habits import Habits
from streams.people import (
    GONE,
    PeopleState,
    back,
    crowd,
    grow,
    keys_of,
    look,
    lost_of,
    odds_of_champions,
    onset_of,
    rates_of_champions,
    row_of,
)
from streams.settling import Settling
from streams.whole import Whole, limit

LOSS, CHAMPION = 0, 1
FEWEST = 2  # people; where one is all there are, its leaving is the account's silence


class UsersGone:
    """`budget`: false alerts a year and account for its people, `champions`: for its champion."""

    name = "users_gone"
    version = "3"
    thin = 3.0

    def __init__(self, budget: float = 0.1, champions: float = 0.05) -> None:
        self.limits = limit(budget), limit(champions)

    def initial(self) -> PeopleState:
        """Nobody."""
        none = np.empty(0, np.int64)
        people, left = Habits.initial(0), np.empty(0, np.int64)
        return PeopleState(none, people, left, none, Whole.initial(2), Settling.initial())

    def step(self, state: PeopleState, day: Day) -> tuple[PeopleState, Verdicts]:
        """One day: who came, who is gone, what that is of an account, and how rare."""
        whole = day.whole
        came = grow(state, whole)
        expected, old = state.whole.expect(whole)
        if day.covered:
            due = np.where(whole.known, expected.shape, 0)
            habits.spend(state.people, due[state.of], came & whole.known[state.of], day.date)
        state.date, state.today = day.date, look(state, whole, day)
        scores = np.stack([10 * state.today.loss, odds_of_champions(state)])
        judged = old & np.stack([crowd(state) >= FEWEST, state.today.champion >= 0])
        rates = np.stack([7 * state.whole.baseline.level, rates_of_champions(state)])
        strata = np.where(judged, calibration.stratum_of(rates), -1)
        rarity = state.whole.rare(whole, expected, np.where(judged, scores, 0), strata, back(state))
        return state, self._verdicts(state, judged, rarity, day.margin)

    def case(self, state: PeopleState, index: int) -> Case:
        """The days since the first of the lost people stayed away, 28 at most."""
        key = int(state.judged[index])
        at = int(np.searchsorted(state.whole.keys, key & ~OF_ACCOUNT))
        lost, onset = lost_of(state, key), onset_of(state, key)
        lost = lost[np.argsort(-state.today.weight[lost], kind="stable")]
        enough, visible = (1, None) if key & OF_ACCOUNT else self._enough(state, at, lost)
        extra = {
            "gone": [row_of(state, i) for i in lost.tolist()],
            "share": round(float(state.today.weight[lost].sum() / max(state.today.base[at], 1e-9)), 3),
            "usual_loss": round(float(state.today.usual[at]), 3),
            "enough": enough,
            "visible": visible,
        }
        return state.whole.case(state.date, at, onset, int(np.clip(state.date - onset + 1, 7, 28)), extra)

    def save(self, state: PeopleState) -> Arrays:
        """Every array, under names with a prefix."""
        parts: dict[str, Any] = {"people": state.people, "whole": state.whole, "settling": state.settling}
        arrays = {f"{name}.{column}": found for name, part in parts.items() for column, found in part.arrays().items()}
        return arrays | {"keys": state.keys, "left": state.left, "of": state.of, "date": np.array([state.date])}

    def load(self, arrays: Arrays) -> PeopleState:
        """What `save` gave."""
        people, settling = Habits(**part_of(arrays, "people.")), Settling(**part_of(arrays, "settling."))
        whole = Whole.restored(part_of(arrays, "whole."))
        return PeopleState(
            arrays["keys"], people, arrays["left"], arrays["of"], whole, settling, int(arrays["date"][0])
        )

    def _enough(self, state: PeopleState, at: int, lost: Ints) -> tuple[int, float]:
        """How many of an account's lost people had to come again for quiet, and the smallest loss that is seen."""
        level = np.float64(7) * state.whole.baseline.level[at : at + 1]
        stratum = np.repeat(calibration.stratum_of(level), calibration.BINS)
        scores: Floats = np.arange(calibration.BINS) * np.float64(calibration.STEP)
        seen = calibration.rarity(state.whole.rates[:1], stratum, scores[None])[0] >= state.limits[LOSS]
        visible = float(scores[seen].min(initial=10)) / 10
        left = state.today.loss[at] - np.cumsum(state.today.weight[lost]) / max(state.today.base[at], 1e-9)
        return min(int(np.searchsorted(-left, -visible)) + 1, len(lost)), round(visible, 3)

    def _verdicts(self, state: PeopleState, judged: Bools, rarity: Floats, margin: float) -> Verdicts:
        """Accounts and people as one list of keys."""
        state.judged, order = keys_of(state)
        today, people = state.today, len(state.keys)
        rarity[CHAMPION, ~today.lost[today.champion] if people else slice(None)] = 0
        state.limits = np.array(self.limits) + margin
        crosses = judged & (rarity >= state.limits[:, None])
        limits = np.repeat(state.limits, [len(state.whole.keys), people])
        state.whole.lately.alarmed = crosses[LOSS] | (today.loss >= GONE)
        led = today.champion[today.champion >= 0]

        def column(of: Any, accounts: Any, dtype: Any) -> Any:
            found = np.zeros(people, dtype)
            found[led] = of[today.champion >= 0]
            return np.concatenate([accounts, found])[order]

        share = today.weight[today.champion] / np.maximum(today.base, 1e-9) if people else np.zeros(len(judged[0]))
        return Verdicts(
            state.judged,
            column(judged[CHAMPION], judged[LOSS], np.bool_),
            column(crosses[CHAMPION], crosses[LOSS], np.bool_),
            column(rarity[CHAMPION], rarity[LOSS], np.float64),
            limits[order],
            column(1 - share, 1 - today.loss, np.float64),
        )

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

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from streams import calibration, habits
from streams.champions import champions_of
from streams.columns import Arrays
from streams.detectors.base import OF_ACCOUNT, Bools, Case, Day, Floats, Ints, Verdicts
from streams.habits import Habits
from streams.settling import GROWN, Settling
from streams.whole import Whole, limit, part_of

LOSS, CHAMPION = 0, 1
GONE = 0.5
_SURE = 4.0  # log10 of the odds from which on more certainty adds nothing
_NOTHING_LOST = 0.2  # of an account's use, when we look back
_FEWEST = 2  # people; where one is all there are, its leaving is the account's silence
_RECENT = 84  # days within which a newcomer takes over
_UNKNOWN = 14  # days after the first of all from which on a beginning was seen


@dataclass(frozen=True)
class PeopleDay(Day):
    """A day that also knows who is a champion (user numbers, sorted), and when accounts began (-1: nobody said)."""

    champions: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    began: Ints = field(default_factory=lambda: np.empty(0, np.int64))


class Today(NamedTuple):
    """What the last step saw, by person and by account.

    Of people: the chance to be gone, whether they count as lost, and what they do of their account's use. Of accounts:
    the share of use that is lost, the share that is usually lost at its age, and the champion's place (-1: none).
    """

    gone: Floats
    lost: Bools
    weight: Floats
    loss: Floats
    usual: Floats
    champion: Ints


_NONE = np.zeros(0)
_NOTHING = Today(_NONE, np.zeros(0, np.bool_), _NONE, _NONE, _NONE, np.zeros(0, np.int64))


@dataclass
class PeopleState:
    """People (`keys`: account and user, sorted) with their habits, and accounts as a whole."""

    keys: Ints
    people: Habits
    left: Ints  # the week of the account's life in which each left, plus one; 0: still there
    of: Ints  # the place of each person's account
    whole: Whole
    settling: Settling
    date: int = 0
    today: Today = _NOTHING


class UsersGone:
    """`budget`: false alerts a year and account for its people, `champions`: for its champion."""

    name = "users_gone"
    version = "1"
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
        came = _grow(state, whole)
        expected, old = state.whole.expect(whole)
        if day.covered:
            habits.spend(state.people, expected.shape[state.of], came, day.date)
        state.date, state.today = day.date, _today(state, whole, day)
        scores = np.stack([10 * state.today.loss, _of_champions(state)])
        judged = old & np.stack([_crowd(state) >= _FEWEST, state.today.champion >= 0])
        rates = np.stack([7 * state.whole.baseline.level, _rates_of_champions(state)])
        strata = np.where(judged, calibration.stratum_of(rates), -1)
        rarity = state.whole.rare(whole, expected, np.where(judged, scores, 0), strata, _back(state))
        verdicts = self._verdicts(state, judged, rarity)
        return state, verdicts

    def case(self, state: PeopleState, index: int) -> Case:
        """The days since the first of the lost people stayed away, 28 at most."""
        key = int(_keys(state)[0][index])
        at = int(np.searchsorted(state.whole.keys, key & ~OF_ACCOUNT))
        lost, onset = lost_of(state, key), onset_of(state, key)
        lost = lost[np.argsort(-state.today.weight[lost], kind="stable")]
        enough, visible = (1, None) if key & OF_ACCOUNT else self._enough(state, at, lost)
        extra = {
            "gone": [_row(state, i) for i in lost.tolist()],
            "share": round(float(state.today.weight[lost].sum() / max(_base(state)[at], 1e-9)), 3),
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
        seen = calibration.rarity(state.whole.rates[:1], stratum, scores[None])[0] >= self.limits[LOSS]
        visible = float(scores[seen].min(initial=10)) / 10
        left = state.today.loss[at] - np.cumsum(state.today.weight[lost]) / max(_base(state)[at], 1e-9)
        return min(int(np.searchsorted(-left, -visible)) + 1, len(lost)), round(visible, 3)

    def _verdicts(self, state: PeopleState, judged: Bools, rarity: Floats) -> Verdicts:
        """Accounts and people as one list of keys."""
        keys, order = _keys(state)
        today, people = state.today, len(state.keys)
        crosses = judged & (rarity >= np.array(self.limits)[:, None])
        crosses[CHAMPION] &= today.gone[today.champion] >= GONE if people else False
        state.whole.lately.alarmed = crosses[LOSS] | (today.loss >= GONE)
        led = today.champion[today.champion >= 0]

        def column(of: Any, accounts: Any, dtype: Any) -> Any:
            found = np.zeros(people, dtype)
            found[led] = of[today.champion >= 0]
            return np.concatenate([accounts, found])[order]

        share = today.weight[today.champion] / np.maximum(_base(state), 1e-9) if people else np.zeros(len(judged[0]))
        limits = np.repeat(self.limits, [len(state.whole.keys), people])[order]
        return Verdicts(
            keys,
            column(judged[CHAMPION], judged[LOSS], np.bool_),
            column(crosses[CHAMPION], crosses[LOSS], np.bool_),
            column(rarity[CHAMPION], rarity[LOSS], np.float64),
            limits,
            column(1 - share, 1 - today.loss, np.float64),
        )


def lost_of(state: PeopleState, key: int) -> Ints:
    """The places of the people that a key's alert is about: those of an account who are gone, or its champion."""
    if key & OF_ACCOUNT:
        return np.searchsorted(state.keys, [key])
    at = np.searchsorted(state.whole.keys, key)
    mine = np.arange(*np.searchsorted(state.of, [at, at + 1]).tolist())
    found: Ints = mine[state.today.lost[mine]]
    return found


def onset_of(state: PeopleState, key: int) -> int:
    """The day after the first of them came last."""
    return int(state.people.last[lost_of(state, key)].min(initial=state.date))


def _row(state: PeopleState, i: int) -> tuple[int, int, float, float]:
    """A lost person: the user, the last day, days a week before, and the chance to be gone."""
    people = state.people
    return (
        int(state.keys[i] & OF_ACCOUNT),
        int(people.last[i]) - 1,
        7 * float(people.share[i]),
        float(state.today.gone[i]),
    )


def _grow(state: PeopleState, whole: Day) -> Bools:
    """Makes room for who is new; gives who came."""
    named = whole.who > 0
    came = np.unique(whole.keys[whole.seen[named]] | whole.who[named])
    keys = np.union1d(state.keys, came)
    if len(keys) != len(state.keys):
        places = np.searchsorted(keys, state.keys)
        left = np.zeros(len(keys), np.int64)
        left[places] = state.left
        state.people, state.left, state.keys = state.people.grown(places, len(keys)), left, keys
    if len(whole.keys) != len(state.whole.keys):
        state.settling = state.settling.grown(np.searchsorted(whole.keys, state.whole.keys), len(whole.keys))
    state.of = np.searchsorted(whole.keys, keys & ~OF_ACCOUNT)
    found = np.zeros(len(keys), np.bool_)
    found[np.searchsorted(keys, came)] = True
    return found


def _today(state: PeopleState, whole: Day, day: Day) -> Today:
    """Who is gone, and what that is of each account."""
    people, accounts = state.people, len(whole.keys)
    gone, weight = habits.chance_gone(people), people.share * people.fade(day.date)
    weeks = _weeks(state, whole, day)
    _settle(state, gone, weeks, accounts)
    usual = state.settling.usual(weeks, whole.peers, whole.groups)
    sure = np.minimum(np.logaddexp(0, habits.odds_gone(people)) / np.log(10), _SURE) / _SURE
    begun = state.whole.baseline.start[state.of]
    new = (people.first > day.date - _RECENT) & (people.first > begun + 28)
    weight *= people.established
    lost = people.established & (gone >= GONE) & (day.date + 1 - people.last <= _RECENT)
    missing = np.bincount(state.of, weight * sure * lost, accounts)
    taken = np.bincount(state.of, people.share * (1 - gone) * new, accounts)
    base: Floats = np.bincount(state.of, weight, accounts).astype(np.float64)
    loss = np.where(base > 0, np.clip((missing - taken) / np.maximum(base, 1e-9) - usual, 0, 1), 0)
    return Today(gone, lost, weight, loss, usual, _champions(state, weight, base, day))


def _weeks(state: PeopleState, whole: Day, day: Day) -> Ints:
    """How old accounts are, in weeks; whose beginning nobody saw, or long ago, is grown up."""
    start = state.whole.baseline.start - 1
    first = start[start >= 0].min(initial=day.date)
    began = np.where(start > first + _UNKNOWN, start, -1)
    if isinstance(day, PeopleDay) and len(day.began):
        said = day.began[np.searchsorted(day.keys, whole.keys)]
        began = np.where(said >= 0, said, began)
    found: Ints = np.where(began >= 0, np.clip((day.date - began) // 7, 0, GROWN), GROWN)
    return found


def _settle(state: PeopleState, gone: Floats, weeks: Ints, accounts: int) -> None:
    """Counts who left in which week of their account's life, and takes back who has come again."""
    known = state.people.established
    now = known & (gone >= GONE)
    back, new = np.flatnonzero((state.left > 0) & ~now), np.flatnonzero((state.left == 0) & now)
    state.settling.count(state.of[back], state.left[back] - 1, -1)
    then = weeks[state.of[new]] - (state.date + 1 - state.people.last[new]) // 7
    state.left[back], state.left[new] = 0, 1 + np.where(weeks[state.of[new]] < GROWN, np.maximum(then, 0), GROWN)
    state.settling.count(state.of[new], state.left[new] - 1, 1)
    state.settling.live(np.bincount(state.of, known & ~now, accounts).astype(float), weeks)


def _champions(state: PeopleState, weight: Floats, base: Floats, day: Day) -> Ints:
    """The place of each account's champion among people; -1 where it has none."""
    users = state.keys & OF_ACCOUNT
    named = np.isin(users, day.champions) if isinstance(day, PeopleDay) else np.zeros(len(users), np.bool_)
    return champions_of(state.of, weight, base, named)


def _base(state: PeopleState) -> Floats:
    """What all established people of each account do."""
    found: Floats = np.bincount(state.of, state.today.weight, len(state.whole.keys)).astype(np.float64)
    return found


def _of_champions(state: PeopleState) -> Floats:
    """log10 of the odds that each account's champion is gone, 0 where it has none."""
    found = np.zeros(len(state.whole.keys))
    led = np.flatnonzero(state.today.champion >= 0)
    odds = habits.odds_gone(state.people)[state.today.champion[led]]
    found[led] = np.logaddexp(0, odds) / np.log(10)
    return found


def _crowd(state: PeopleState) -> Ints:
    """How many established people each account has, or had of late."""
    counted = state.people.established & (state.date + 1 - state.people.last <= _RECENT)
    return np.bincount(state.of, counted, len(state.whole.keys)).astype(np.int64)


def _back(state: PeopleState) -> Bools:
    """(scores, accounts): whose people are back, or were replaced; and whose champion is."""
    away = np.zeros(len(state.whole.keys), np.bool_)
    led = np.flatnonzero(state.today.champion >= 0)
    away[led] = state.today.lost[state.today.champion[led]]
    return np.stack([state.today.loss < _NOTHING_LOST, ~away])


def _rates_of_champions(state: PeopleState) -> Floats:
    """On how many days a week each account's champion comes."""
    found = np.zeros(len(state.whole.keys))
    led = np.flatnonzero(state.today.champion >= 0)
    found[led] = 7 * state.people.share[state.today.champion[led]]
    return found


def _keys(state: PeopleState) -> tuple[Ints, Ints]:
    """Accounts and people in order, and where each comes from."""
    keys = np.concatenate([state.whole.keys, state.keys])
    order = np.argsort(keys, kind="stable")
    return keys[order], order

"""Who of an account's people is gone, what that is of its use, and what is usual at its age; and who carried it."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from streams import habits
from streams.champions import champions_of
from streams.crowds import who_came
from streams.detectors.base import OF_ACCOUNT, Bools, Day, Floats, Ints, joined
from streams.habits import Habits
from streams.settling import GROWN, Settling
from streams.whole import Whole

GONE = 0.5
_SURE = 4.0  # log10 of the odds from which on more certainty adds nothing
_NOTHING_LOST = 0.2  # of an account's use, when we look back
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
    what all established people do, the share of use that is lost, the share that is usually lost at its age, and the
    champion's place (-1: none).
    """

    gone: Floats
    lost: Bools
    weight: Floats
    base: Floats
    loss: Floats
    usual: Floats
    champion: Ints


_NONE = np.zeros(0)
_NOTHING = Today(_NONE, np.zeros(0, np.bool_), _NONE, _NONE, _NONE, _NONE, np.zeros(0, np.int64))


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
    judged: Ints = field(default_factory=lambda: np.zeros(0, np.int64))  # accounts and people, as `keys_of` has them
    limits: Floats = field(default_factory=lambda: np.zeros(2))  # of a loss and of a champion's leaving


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


def last_of(state: PeopleState, key: int) -> int:
    """The day after the last of them came last."""
    return int(state.people.last[lost_of(state, key)].max(initial=0))


def row_of(state: PeopleState, i: int) -> tuple[int, int, float, float]:
    """A lost person: the user, the last day, days a week before, and the chance to be gone."""
    people = state.people
    return (
        int(state.keys[i] & OF_ACCOUNT),
        int(people.last[i]) - 1,
        7 * float(people.share[i]),
        float(state.today.gone[i]),
    )


def grow(state: PeopleState, whole: Day) -> Bools:
    """Makes room for who is new; gives who came."""
    came = who_came(whole)
    keys = joined(state.keys, came)
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


def look(state: PeopleState, whole: Day, day: Day) -> Today:
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
    return Today(gone, lost, weight, base, loss, usual, _champions(state, weight, base, day))


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


def odds_of_champions(state: PeopleState) -> Floats:
    """log10 of the odds that each account's champion is gone, 0 where it has none."""
    found = np.zeros(len(state.whole.keys))
    led = np.flatnonzero(state.today.champion >= 0)
    odds = habits.odds_gone(state.people)[state.today.champion[led]]
    found[led] = np.logaddexp(0, odds) / np.log(10)
    return found


def crowd(state: PeopleState) -> Ints:
    """How many established people each account has, or had of late."""
    counted = state.people.established & (state.date + 1 - state.people.last <= _RECENT)
    return np.bincount(state.of, counted, len(state.whole.keys)).astype(np.int64)


def back(state: PeopleState) -> Bools:
    """(scores, accounts): whose people are back, or were replaced; and whose champion is."""
    away = np.zeros(len(state.whole.keys), np.bool_)
    led = np.flatnonzero(state.today.champion >= 0)
    away[led] = state.today.lost[state.today.champion[led]]
    return np.stack([state.today.loss < _NOTHING_LOST, ~away])


def rates_of_champions(state: PeopleState) -> Floats:
    """On how many days a week each account's champion comes."""
    found = np.zeros(len(state.whole.keys))
    led = np.flatnonzero(state.today.champion >= 0)
    found[led] = 7 * state.people.share[state.today.champion[led]]
    return found


def keys_of(state: PeopleState) -> tuple[Ints, Ints]:
    """Accounts and people in order, and where each comes from."""
    keys = np.concatenate([state.whole.keys, state.keys])
    order = np.argsort(keys, kind="stable")
    return keys[order], order

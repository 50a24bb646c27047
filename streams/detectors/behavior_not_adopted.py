"""A behavior is not taken up: by its due day in the account's life it is not done as often or by as many as declared.

A rule, no statistics: what `behaviors.yaml` declares (due day, days a week, users) is held against counts of the last
28 days. An account's life begins on the day it was created, else with the first of it that was seen (which can only
make it younger than it is); days that say nothing don't count. A week after the due day it is judged, if its people
come at all: however busy it is. It is taken up when some week of the last 28 days has the days, and these 28 days the
users; from then on a fall is `behavior.dropped`'s affair.

>>> from streams.detectors.examples import days_of
>>> detector, ask = BehaviorNotAdopted(), Asked(np.array([1 << 32 | 7]), *np.array([[-1], [20], [0], [2], [1]]))
>>> state = detector.initial()
>>> for day in days_of([[5] * 30]):
...     state, verdicts = detector.step(state, AdoptionDay.of(day, ask))
>>> verdicts.crosses.tolist(), verdicts.ratio.tolist(), detector.case(state, 0).onset
([True], [0.0], 20)
"""

from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.columns import Arrays, Columns
from streams.detectors.base import Bools, Case, Day, Floats, Ints, Verdicts, joined, places

SPAN = 28
WEEK = 7
GRACE = 7
ALIVE = 14
_NONE: Ints = np.empty(0, np.int64)


class Asked(NamedTuple):
    """What is declared, by key (account and behavior, sorted).

    `born` is the account's first day (-1: not told), `due_day` a day of its life, `since` the first day on which it is
    asked at all, `frequency` in days a week, `breadth` in users.
    """

    keys: Ints
    born: Ints
    due_day: Ints
    since: Ints
    frequency: Floats
    breadth: Ints


_NOTHING = Asked(_NONE, _NONE, _NONE, _NONE, np.empty(0), _NONE)


@dataclass(frozen=True)
class AdoptionDay(Day):
    """A day, and what is declared."""

    asked: Asked = _NOTHING

    @classmethod
    def of(cls, day: Day, asked: Asked) -> "AdoptionDay":
        """The day with it."""
        return cls(**{one.name: getattr(day, one.name) for one in fields(Day)}, asked=asked)


@dataclass
class Lives(Columns):
    """What is known of each key; days since 1970-01-01."""

    first: Ints  # the first day its people were seen, plus one
    lost: Ints  # days until it is due that said nothing
    active: Ints  # the last day its people came
    users: NDArray[np.int32]  # (28, keys): users of the behavior by date modulo 28
    due: Ints
    judged_from: Ints
    best: Ints  # the days on which it was done, in the best `week` (in days) of the last 28 days
    need: Ints
    week: Ints
    breadth: Ints
    adopted: Bools
    missed: Bools  # the alert is open

    @classmethod
    def initial(cls) -> "Lives":
        """Of no key."""
        flat: Arrays = {one.name: _NONE for one in fields(cls)}
        flat |= {
            "users": np.zeros((SPAN, 0), np.int32),
            "adopted": np.zeros(0, np.bool_),
            "missed": np.zeros(0, np.bool_),
        }
        return cls(**flat)


@dataclass
class AdoptionState:
    """All keys ever asked for, and who did what is not taken up yet: by day, keys and users."""

    keys: Ints = field(default_factory=lambda: _NONE)
    lives: Lives = field(default_factory=Lives.initial)
    did: dict[int, tuple[Ints, Ints]] = field(default_factory=dict)
    began: int = -1
    date: int = 0


class BehaviorNotAdopted:
    """Judges accounts' declared behaviors. It has no share of the false-alert budget: it says what was declared."""

    name = "behavior_not_adopted"
    version = "2"

    def initial(self) -> AdoptionState:
        """Nothing asked of anyone."""
        return AdoptionState()

    def step(self, state: AdoptionState, day: Day) -> tuple[AdoptionState, Verdicts]:
        """One day: who is due, what was done, what is missing."""
        asked = day.asked if isinstance(day, AdoptionDay) else _NOTHING
        state.began, state.date = day.date if state.began < 0 else state.began, day.date
        _grow(state, asked.keys)
        mine, lives = np.searchsorted(state.keys, asked.keys), state.lives
        known = _note(state, day, asked, mine)
        due = lives.due[mine]
        fresh = lives.first[mine] > 0
        ratio = _ratio(state, asked, mine, fresh & known & (day.date >= due) & ~lives.adopted[mine])
        lives.adopted[mine[ratio >= 1]] = True
        lives.judged_from[mine] = np.maximum(np.maximum(due + GRACE, state.began + SPAN - 1), asked.since)
        alive = (day.date - lives.active[mine] < ALIVE) | lives.missed[mine]
        judged = fresh & known & (day.date >= lives.judged_from[mine]) & alive
        missed = judged & ~lives.adopted[mine]
        lives.missed[mine] = np.where(known, missed, lives.missed[mine])
        return state, _verdicts(state, mine, judged, missed, ratio)

    def case(self, state: AdoptionState, index: int) -> Case:
        """What was done in 28 days, against the least that was declared for four weeks."""
        lives = state.lives
        columns = (lives.best, lives.need, lives.week, lives.breadth)
        best, need, week, breadth = (int(column[index]) for column in columns)
        users = _users_of(state, int(state.keys[index]))
        least = float(max(need * SPAN // max(week, 1), breadth))
        return Case(
            onset=int(lives.due[index]),
            last=state.date,
            window=SPAN,
            observed=float(lives.users[:, index].sum()),
            expected=least,
            dispersion=0.0,
            events_observed=0.0,
            events_expected=0.0,
            factor=1.0,
            peers=0,
            quiet_from=least,
            extra={
                "declared": {"days": need, "in_days": week, "breadth": breadth},
                "seen": {"days": best, "users": users},
                "paused_days": int(lives.lost[index]),
            },
        )

    def save(self, state: AdoptionState) -> Arrays:
        """Every array by its name."""
        moment = np.array([state.began, state.date])
        days = [np.full(len(keys), day) for day, (keys, _) in state.did.items()]
        did = {"did_day": _joined(days)} | {
            name: _joined([pair[i] for pair in state.did.values()]) for i, name in enumerate(("did_key", "did_user"))
        }
        return {"keys": state.keys, "moment": moment, **did, **state.lives.arrays()}

    def load(self, arrays: Arrays) -> AdoptionState:
        """What `save` gave."""
        lives = Lives(**{one.name: arrays[one.name] for one in fields(Lives)})
        days = arrays["did_day"]
        on = {day: days == day for day in np.unique(days).tolist()}
        did = {day: (arrays["did_key"][these], arrays["did_user"][these]) for day, these in on.items()}
        return AdoptionState(arrays["keys"], lives, did, *arrays["moment"].tolist())


def _grow(state: AdoptionState, keys: Ints) -> None:
    """Makes room for keys that are asked for the first time."""
    grown = joined(state.keys, keys)
    if len(grown) > len(state.keys):
        state.lives = state.lives.grown(np.searchsorted(grown, state.keys), len(grown))
        state.keys = grown


def _note(state: AdoptionState, day: Day, asked: Asked, mine: Ints) -> Bools:
    """Puts the day into the state; whether it says anything, by asked key."""
    lives, day_known = state.lives, day.known
    whole, own = places(day.keys, asked.keys >> 32 << 32), places(day.keys, asked.keys)
    there = whole >= 0
    known = np.where(there, day_known[whole], day.covered) if len(day.keys) else np.full(len(mine), day.covered)
    came = there & (day.users[whole] > 0) if len(day.keys) else there
    done = np.where((own >= 0) & known, day.users[own], 0) if len(day.keys) else np.zeros(len(mine))
    lives.first[mine[came & (lives.first[mine] == 0)]] = day.date + 1
    lives.active[mine[came]] = day.date
    lives.users[day.date % SPAN] = 0
    lives.users[day.date % SPAN, mine] = done
    born = np.where(asked.born >= 0, asked.born, lives.first[mine] - 1)
    waits = (lives.first[mine] > 0) & ~known & (day.date <= lives.due[mine])
    lives.lost[mine] += waits
    lives.due[mine] = born + asked.due_day + lives.lost[mine]
    _remember(state, day)
    return known


def _remember(state: AdoptionState, day: Day) -> None:
    """Who did what may be due within 28 days and is not taken up."""
    at, lives = places(state.keys, day.keys[day.seen]), state.lives
    wanted = (at >= 0) & day.known[day.seen]
    wanted[wanted] = ~lives.adopted[at[wanted]] & (day.date > lives.due[at[wanted]] - SPAN)
    state.did.pop(day.date - SPAN, None)
    state.did[day.date] = day.keys[day.seen[wanted]], day.who[wanted]


def _ratio(state: AdoptionState, asked: Asked, mine: Ints, due: Bools) -> Floats:
    """The share of what is declared that the last 28 days have, by asked key; 0 for those that are not `due`."""
    mine, frequency, breadth = mine[due], asked.frequency[due], asked.breadth[due]
    lives = state.lives
    week = np.where(frequency >= 1, WEEK, np.minimum(np.ceil(WEEK / frequency), SPAN)).astype(np.int64)
    need = np.maximum(np.ceil(frequency * week / WEEK - 1e-9), 1).astype(np.int64)
    days = np.cumsum(lives.users[(state.date - np.arange(SPAN)) % SPAN][:, mine] > 0, axis=0)
    days = np.concatenate([np.zeros((1, len(mine)), np.int64), days])
    best = np.zeros(len(mine), np.int64)
    for length in np.unique(week).tolist():
        these = week == length
        best[these] = (days[length:, these] - days[:-length, these]).max(0)
    lives.best[mine], lives.need[mine] = best, need
    lives.week[mine], lives.breadth[mine] = week, breadth
    found = np.zeros(len(due))
    users = _distinct(state, mine)
    found[due] = np.minimum(np.minimum(best / need, users / np.maximum(breadth, 1)), 1.0)
    return found


def _distinct(state: AdoptionState, mine: Ints) -> Ints:
    """How many users did each of the keys at `mine` (ascending) in the last 28 days."""
    wanted = state.keys[mine]
    rows = [places(wanted, keys) for keys, _ in state.did.values()]
    both = zip(rows, (users for _, users in state.did.values()), strict=True)
    pairs = np.unique(_joined([row[row >= 0] << 33 | users[row >= 0] for row, users in both]))
    return np.bincount(pairs >> 33, minlength=len(mine))


def _users_of(state: AdoptionState, key: int) -> int:
    """How many users did one key."""
    days = (users[slice(*keys.searchsorted((key, key + 1)).tolist())] for keys, users in state.did.values())
    return len({user for day in days for user in day.tolist()})


def _joined(parts: list[Ints]) -> Ints:
    return np.concatenate([_NONE, *parts])


def _verdicts(state: AdoptionState, mine: Ints, judged: Bools, missed: Bools, ratio: Floats) -> Verdicts:
    """The asked keys' words, among all keys."""

    def among(values: Any, rest: Any) -> Any:
        found = np.full(len(state.keys), rest)
        found[mine] = values
        return found

    score = among(np.where(judged, 1 - ratio, 0.0), 0.0)
    threshold = np.full(len(state.keys), 0.01)
    return Verdicts(state.keys, among(judged, False), among(missed, False), score, threshold, among(ratio, 1.0))

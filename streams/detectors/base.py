"""What every detector is: state and a day in, state and verdicts out, for all keys at once. No clock, no I/O.

A key is 64 bits: what it stands for is the detector's own affair (an account's behavior, an account's user, an account,
a segment, a source). A detector that judges other keys than the day's makes them of the day's columns and presences,
keeps them in its state, and names them in its verdicts. What an alert of it is about, when it is held back and how it
reads, stands in `streams.evaluating.kinds`, beside the other kinds.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from streams.columns import Arrays

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
State = TypeVar("State")

OF_ACCOUNT = 0xFFFFFFFF  # the bits of a key that say what of an account it is; none: all of it
_NONE: Ints = np.empty(0, np.int64)
_NOBODY: Bools = np.empty(0, np.bool_)
HOURS = 25  # of the longest day
BUSY = 500  # events a day from which on a key's hours are looked at, too


@dataclass(frozen=True)
class Hours:
    """The hours of one local day, of the busy keys alone: those with BUSY events on some day.

    Attributes:
        keys: Sorted.
        events: (25, keys): events by hour of the local day; 0 behind its end, and behind what is known so far.
        length: How many hours the day has where the key lives, 23 to 25.
        known: How many of them are over; all, except on a day that still goes on.
    """

    keys: Ints
    events: Floats
    length: Ints
    known: Ints


_NO_HOURS = Hours(_NONE, np.zeros((HOURS, 0)), _NONE, _NONE)


def places(keys: Ints, wanted: Ints) -> Ints:
    """Where each of `wanted` stands in sorted `keys`; -1 where it does not.

    >>> places(np.array([2, 5]), np.array([5, 3])).tolist()
    [1, -1]
    """
    at = np.searchsorted(keys, wanted)
    there = at < len(keys)
    there[there] = keys[at[there]] == wanted[there]
    return np.where(there, at, -1)


def joined(keys: Ints, more: Ints) -> Ints:
    """Sorted `keys` with those of `more` that they lack; the same array where they lack none.

    >>> joined(np.array([2, 5]), np.array([5, 3, 5])).tolist()
    [2, 3, 5]
    """
    lacking = np.unique(more[places(keys, more) < 0])
    return np.insert(keys, keys.searchsorted(lacking), lacking) if len(lacking) else keys


@dataclass(frozen=True)
class Day:
    """One local day of all keys, as columns by key.

    Attributes:
        date: Days since 1970-01-01.
        covered: Whether we know what happened on it; without, nothing is learned or judged.
        keys: Sorted. From one day to the next keys only get more.
        users: Distinct users.
        events: Events.
        kind: Kind of day where the key lives, 0 … 7: Monday … Sunday, holiday.
        peers: Group of peers, 0 … groups - 1.
        groups: How many groups there are.
        seen: Who came, one a key and user, ascending: the index of the key in `keys`,
        who: and beside it the user's number (0: somebody without an id).
        hours: The day by hours, of keys that are busy enough for it.
        paused: Keys whose day says nothing, though others' do (an agreed pause, a source that stopped); empty: none.
        margin: How much rarer than its own budget asks for a finding on an account must be (streams/spending.py).
    """

    date: int
    covered: bool
    keys: Ints
    users: Floats
    events: Floats
    kind: Ints
    peers: Ints
    groups: int
    seen: Ints = field(default_factory=lambda: _NONE)
    who: Ints = field(default_factory=lambda: _NONE)
    hours: Hours = field(default_factory=lambda: _NO_HOURS)
    paused: Bools = field(default_factory=lambda: _NOBODY)
    margin: float = 0.0

    @cached_property
    def known(self) -> Bools:
        """By key, whether the day says anything of it: only then it is learned and judged."""
        known = np.full(len(self.keys), self.covered)
        return known & ~self.paused if len(self.paused) else known

    @cached_property
    def whole(self) -> "Day":
        """The same day of accounts as a whole: the keys of `*`, one an account."""
        at = np.flatnonzero(self.keys & OF_ACCOUNT == 0)
        mine = self.keys[self.seen] & OF_ACCOUNT == 0
        return Day(
            date=self.date,
            covered=self.covered,
            keys=self.keys[at],
            users=self.users[at],
            events=self.events[at],
            kind=self.kind[at],
            peers=self.peers[at],
            groups=self.groups,
            seen=np.searchsorted(at, self.seen[mine]),
            who=self.who[mine],
            paused=self.paused[at] if len(self.paused) else self.paused,
            margin=self.margin,
        )


@dataclass(frozen=True)
class Verdicts:
    """A detector's word on every key of its own after a day.

    Attributes:
        keys: What it judges, sorted; an index into it is what `case` takes.
        judged: Whether the key could be judged at all (old enough, and the day is known).
        crosses: Whether it is strong enough to open an alert, or to keep one open.
        score: How strong; comparable only with `threshold`.
        threshold: What the score must reach.
        ratio: Observed / expected over the span that is rarest.
    """

    keys: Ints
    judged: Bools
    crosses: Bools
    score: Floats
    threshold: Floats
    ratio: Floats

    def at(self, key: int) -> int:
        """The index of a key."""
        return int(self.keys.searchsorted(key))


@dataclass(frozen=True)
class Case:
    """Why one key was judged so: the numbers that evidence is made of.

    Attributes:
        onset: The first day of the change, in days since 1970-01-01.
        last: The last day judged.
        window: Length of the rarest span, which ends with `last`.
        observed: User-days seen in it.
        expected: User-days due in it.
        dispersion: φ of their negative binomial: variance = expected + φ expected².
        events_observed: Events seen in it.
        events_expected: Events due in it.
        factor: What the peers did in it, against their own expectations.
        peers: How many other accounts that is.
        quiet_from: From how many user-days on it would have been quiet.
        extra: What else the sentence of this kind says, into the evidence's `extra`.
    """

    onset: int
    last: int
    window: int
    observed: float
    expected: float
    dispersion: float
    events_observed: float
    events_expected: float
    factor: float
    peers: int
    quiet_from: float
    extra: dict[str, Any] = field(default_factory=dict)


class Detector(Protocol[State]):
    """Finds one kind of thing. `step` may use up the state it is given; only what it returns counts.

    `name` is unique among detectors; a new `version` has all history folded anew.
    """

    name: str
    version: str

    def initial(self) -> State:
        """The state before the first day, of no key."""

    def step(self, state: State, day: Day) -> tuple[State, Verdicts]:
        """Takes in one day. Days come in order, none is left out; keys that the state does not know yet begin."""

    def case(self, state: State, index: int) -> Case:
        """Why the key at `index` was judged as it was by the last step. It may not change the state."""

    def save(self, state: State) -> Arrays:
        """The state as arrays, for a checkpoint."""

    def load(self, arrays: Arrays) -> State:
        """The state that `save` gave."""

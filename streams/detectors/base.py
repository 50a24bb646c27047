"""What every detector is: state and a day in, state and verdicts out, for all keys at once. No clock, no I/O."""

from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from streams.baselines import Day
from streams.columns import Arrays

State = TypeVar("State")


@dataclass(frozen=True)
class Verdicts:
    """A detector's word on every key after a day.

    Attributes:
        judged: Whether the key could be judged at all (old enough, and the day is known).
        crosses: Whether it is strong enough to open an alert, or to keep one open.
        score: How strong; comparable only with `threshold`.
        threshold: What the score must reach.
        ratio: Observed / expected over the span that is rarest.
    """

    judged: NDArray[np.bool_]
    crosses: NDArray[np.bool_]
    score: NDArray[np.float64]
    threshold: NDArray[np.float64]
    ratio: NDArray[np.float64]


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


class Detector(Protocol[State]):
    """Finds one kind of thing. `step` may use up the state it is given; only what it returns counts."""

    name: str
    version: str

    def initial(self, keys: NDArray[np.int64]) -> State:
        """The state of `keys` (sorted) before their first day."""

    def grown(self, state: State, keys: NDArray[np.int64]) -> State:
        """The state for more keys (sorted, a superset), the new ones as they begin."""

    def step(self, state: State, day: Day) -> tuple[State, Verdicts]:
        """Takes in one day. Days come in order, none is left out."""

    def case(self, state: State, index: int) -> Case:
        """Why the key at `index` was judged as it was by the last step."""

    def save(self, state: State) -> Arrays:
        """The state as arrays, for a checkpoint."""

    def load(self, arrays: Arrays) -> State:
        """The state that `save` gave."""

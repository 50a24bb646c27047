"""Who is judged: each account and kind of alert is judged, too thin to be, or without the data for it.

>>> why(Status.TOO_THIN, age=90, days_needed=28, due=2.0, due_needed=3.0)
'too thin: about 2 user-days are due in 42 days, 3 are needed'
>>> why(Status.NO_DATA, age=9, days_needed=28, due=0.0, due_needed=3.0)
'not enough data yet: day 9 of 28'
"""

from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

# One account's row of one kind; `begun` is a day since 1970-01-01, `due` is in halves.
ROW = np.dtype([
    ("account", ">i4"), ("status", ">i2"), ("begun", ">i4"), ("days_needed", ">i2"), ("due", ">f4"),
    ("due_needed", ">f4"),
])  # fmt: skip
Rows = NDArray[Any]
SPAN = 42  # days over which the user-days due are counted


class Status(IntEnum):
    """How far an account is judged by a kind; in the order of what is better."""

    NO_DATA = 0
    TOO_THIN = 1
    JUDGED = 2

    @property
    def word(self) -> str:
        """As people read it."""
        return self.name.lower()


NEVER = 1 << 30  # in place of the first day, where nothing was seen yet
NOTHING = "no data: nothing of it was seen yet"


def why(status: Status, age: int, days_needed: int, due: float, due_needed: float) -> str | None:
    """Why an account is not judged; None where it is. `age` counts days since it was first seen, the first being 1."""
    if status == Status.JUDGED:
        return None
    if status == Status.TOO_THIN:
        return f"too thin: about {due:g} user-days are due in {SPAN} days, {due_needed:g} are needed"
    if 0 < age < days_needed:
        return f"not enough data yet: day {age} of {days_needed}"
    return NOTHING if age <= 0 else "no data yet that this kind could judge by"

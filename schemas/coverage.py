"""Who is judged: each account and kind of alert is judged, too thin to be, or without the data for it.

>>> why(AlertKind.BEHAVIOR_DROPPED, Status.TOO_THIN, today=20, begun=0, days_needed=7, due=2.0, due_needed=3.0)
'too thin: about 2 user-days are due in 15 days, 3 are needed'
>>> why(AlertKind.ACCOUNT_SILENT, Status.NO_DATA, today=20, begun=18, days_needed=7, due=0.0, due_needed=4.0)
'not enough data yet: day 3 of 7, judged from 1970-01-25'
"""

from collections.abc import Mapping
from datetime import date, timedelta
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.alerts import AlertKind

# One account's row of one kind; `begun` is a day since 1970-01-01, `days_needed` the first of its days that is judged,
# `due` what there is of what the kind needs, in halves.
ROW = np.dtype([
    ("account", ">i4"), ("status", ">i2"), ("begun", ">i4"), ("days_needed", ">i2"), ("due", ">f4"),
    ("due_needed", ">f4"),
])  # fmt: skip
Rows = NDArray[Any]
_EPOCH = date(1970, 1, 1)


class Status(IntEnum):
    """How far an account is judged by a kind; in the order of what is better."""

    NO_DATA = 0
    TOO_THIN = 1
    JUDGED = 2

    @property
    def word(self) -> str:
        """As people read it."""
        return self.name.lower()


FROM = 7  # the day of its life from which on an account is judged
SPAN = 42  # days over which the user-days due are counted, at most
NEVER = 1 << 30  # in place of the first day, where nothing was seen yet
NOTHING = "no data: nothing of it was seen yet"
_SILENT_NOW = "no data now: a pause, a quiet source, or no customer any more"
_UNASKED = "no data: no behavior has a due day"
_THIN: Mapping[str, str] = {
    AlertKind.BEHAVIOR_DROPPED: "about {due:g} user-days are due in {days} days, {needed:g} are needed",
    AlertKind.ACCOUNT_SILENT: "{due:.0f} pauses between its visits are known, {needed:g} are needed",
    AlertKind.USERS_INACTIVE: "{due:.0f} of its people came for two weeks, {needed:g} are needed",
    AlertKind.CHAMPION_SILENT: "nobody is its champion, or does clearly most of its use",
    AlertKind.BEHAVIOR_NOT_ADOPTED: "none of its people came in two weeks",
}


def nothing(kind: str) -> str:
    """What is said of an account that a kind knows nothing of."""
    return _UNASKED if kind == AlertKind.BEHAVIOR_NOT_ADOPTED else NOTHING


def why(
    kind: str, status: Status, today: int, begun: int, days_needed: int, due: float, due_needed: float
) -> str | None:
    """Why an account is not judged by a kind; None where it is. Days are counted since 1970-01-01."""
    if status == Status.JUDGED:
        return None
    age = today - begun + 1
    if status == Status.TOO_THIN:
        days = min(max(age - FROM + 1, 1), SPAN)
        return "too thin: " + _THIN[kind].format(due=due, needed=due_needed, days=days)
    if age <= 0:
        return nothing(kind)
    if age < days_needed:
        judged_from = _EPOCH + timedelta(begun + days_needed - 1)
        return f"not enough data yet: day {age} of {days_needed}, judged from {judged_from}"
    return _SILENT_NOW

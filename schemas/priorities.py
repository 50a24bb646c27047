"""Which alert to look at first: what is at stake, how likely it is lost, and how little time is left to act. Pure.

priority = ARR * chance of loss * urgency, in the currency of the ARR; each part says where it comes from, and what is
not known is assumed and says so. The chance is a ranking aid, not a forecast: the share of the expected use that is
gone, times how often people found this kind of alert right. It has not been measured against customers who left.

>>> one = priority(Stakes(arr=48_000, deadline_days=20), {"ratio": 0.25}, Record(true=8, false=1))
>>> round(one.value), [(part.name, round(part.value, 2), part.assumed) for part in one.parts]
(29453, [('arr', 48000, False), ('chance of loss', 0.61, False), ('urgency', 1.0, False)])
"""

from collections.abc import Mapping
from typing import Any

import msgspec

_SOON = 30.0  # days before the notice deadline within which nothing is more urgent
_ASSUMED_DAYS = 90.0
_LEAST = 0.1
_RIGHT, _JUDGED = 1.0, 2.0  # as if one of two alerts had been right before anybody judged any


class Stakes(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an account; None where nothing is. `typical_arr`: the median of those whose ARR is known."""

    arr: float | None = None
    typical_arr: float | None = None
    deadline_days: float | None = None


class Record(msgspec.Struct, frozen=True):
    """How people judged the alerts of a kind."""

    true: int = 0
    false: int = 0

    @property
    def precision(self) -> float:
        """The share that is right, drawn towards a half while few are judged."""
        return (self.true + _RIGHT) / (self.true + self.false + _JUDGED)


class Part(msgspec.Struct, frozen=True):
    """A factor of a priority: its value, where it comes from, and whether it stands in for what is not known."""

    name: str
    value: float
    source: str
    assumed: bool = False


class Priority(msgspec.Struct, frozen=True):
    """A priority and what it is made of."""

    value: float
    parts: tuple[Part, ...]


def priority(stakes: Stakes, evidence: Mapping[str, Any], record: Record) -> Priority:
    """An alert's priority from its account's stakes, its evidence and its kind's record."""
    parts = _arr(stakes), _chance(evidence, record), _urgency(stakes.deadline_days)
    value = 1.0
    for part in parts:
        value *= part.value
    return Priority(round(value, 2), parts)


def _arr(stakes: Stakes) -> Part:
    if stakes.arr is not None:
        return Part("arr", max(stakes.arr, 0.0), "the account's ARR")
    if stakes.typical_arr is not None:
        return Part("arr", stakes.typical_arr, "unknown: the median of the accounts whose ARR is known", assumed=True)
    return Part("arr", 1.0, "unknown, of every account", assumed=True)


def _chance(evidence: Mapping[str, Any], record: Record) -> Part:
    judged = record.true + record.false
    right = f"{record.precision:.0%} of this kind are taken to be right ({judged} judged)"
    ratio = evidence.get("ratio")
    if isinstance(ratio, int | float):
        gone = min(max(1 - float(ratio), 0.05), 0.95)
        source = f"{gone:.0%} of the expected use is gone; {right}"
        return Part("chance of loss", round(gone * record.precision, 4), source)
    source = f"how much is gone is unknown; {right}"
    return Part("chance of loss", round(0.5 * record.precision, 4), source, assumed=True)


def _urgency(days: float | None) -> Part:
    if days is None:
        source = f"the notice deadline is unknown: as if {_ASSUMED_DAYS:.0f} days were left"
        return Part("urgency", round(_SOON / _ASSUMED_DAYS, 4), source, assumed=True)
    if days < 0:
        return Part("urgency", _LEAST, "the notice deadline of this term has passed")
    return Part("urgency", round(max(_SOON / max(days, _SOON), _LEAST), 4), f"{days:.0f} days to the notice deadline")

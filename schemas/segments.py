"""Segments: bands of a dimension of accounts (ARR, size, plan, region, stage, …); an account's peers are in its own.

A segment is named `dimension:band`. Dimensions with bounds are numeric, each band from its bound up to the next one.

>>> segment_of({"arr": 60_000})
'arr:50k-250k'
>>> segments_of({"arr": 12_000, "plan": "pro"})
['arr:10k-50k', 'plan:pro']
"""

from bisect import bisect_right
from typing import Any

import msgspec

EVERYONE = "everyone"


class Dimension(msgspec.Struct, frozen=True):
    """One way to divide accounts: by a trait's value or, with bounds (ascending), by the band it falls in."""

    trait: str
    bounds: tuple[float, ...] = ()

    def band(self, value: Any) -> str | None:
        """The band of a trait's value; None where the trait says nothing."""
        if not self.bounds:
            return str(value)[:100] if isinstance(value, str | int | float) and str(value) else None
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        return self.label(bisect_right(self.bounds, value))

    def label(self, index: int) -> str:
        """The band's name by its place (0 is below the first bound)."""
        if index == 0:
            return f"<{short(self.bounds[0])}"
        if index == len(self.bounds):
            return f"{short(self.bounds[-1])}+"
        return f"{short(self.bounds[index - 1])}-{short(self.bounds[index])}"


DIMENSIONS = (
    Dimension("segment"),
    Dimension("arr", (10_000, 50_000, 250_000)),
    Dimension("employees", (50, 500, 5_000)),
    Dimension("plan"),
    Dimension("region"),
    Dimension("stage"),
    Dimension("industry"),
)


def segments_of(traits: dict[str, Any]) -> list[str]:
    """Every segment an account is in."""
    bands = ((dimension.trait, dimension.band(traits.get(dimension.trait))) for dimension in DIMENSIONS)
    return [f"{trait}:{band}" for trait, band in bands if band is not None]


def segment_of(traits: dict[str, Any]) -> str:
    """The segment whose accounts are its peers: the first dimension that says something, else everyone."""
    return next(iter(segments_of(traits)), EVERYONE)


def short(amount: float) -> str:
    """A number as people say it: 50k, 1.2M."""
    for unit, letter in ((1_000_000, "M"), (1_000, "k")):
        if abs(amount) >= unit:
            return f"{amount / unit:.3g}{letter}"
    return f"{amount:.3g}"

"""What was known of accounts on each day: facts as columns of time, read as of then. Pure.

A fact counts on the days from its `valid_from` on; the first that is known of a trait reaches back. On a day that was
judged live, only what had been recorded by then counts: judging it again finds what was found before. Days judged at
one go (an import) know all that is recorded today.

>>> from datetime import UTC
>>> told = datetime(2026, 3, 1, tzinfo=UTC)
>>> facts = [Fact({"plan": "free"}, datetime(2026, 1, 10, tzinfo=UTC), told),
...          Fact({"plan": "pro"}, datetime(2026, 2, 1, tzinfo=UTC), told)]
>>> [traits_at(facts, datetime(2026, month, 1, tzinfo=UTC), None) for month in (1, 2, 3)]
[{'plan': 'free'}, {'plan': 'pro'}, {'plan': 'pro'}]
>>> traits_at(facts, told, datetime(2026, 2, 1, tzinfo=UTC))
{}
"""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

Known = datetime | None  # up to when what is recorded counts; None: all of it


class Fact(NamedTuple):
    """Some traits of an account (null: taken back), since when they are true and since when we know them."""

    traits: dict[str, Any]
    valid_from: datetime
    recorded_at: datetime


class Judged:
    """When days were judged first: `moments` are ends of days in order, with the time of their first evaluation."""

    def __init__(self, moments: Iterable[tuple[datetime, datetime]], at_one_go: Collection[int]) -> None:
        rows = sorted(moments)
        self._ends = [end for end, _ in rows]
        self._times = [time for _, time in rows]
        for i in range(len(rows) - 2, -1, -1):
            self._times[i] = min(self._times[i], self._times[i + 1])
        self._at_one_go = at_one_go

    def first(self, day: int, end: datetime) -> Known:
        """When a day that ended at `end` was judged live; None where it never was."""
        at = bisect_left(self._ends, end)
        return None if at == len(self._ends) or day in self._at_one_go else self._times[at]


def traits_at(facts: Sequence[Fact], end: datetime, known: Known) -> dict[str, Any]:
    """An account's traits at the end of a day, from its facts in order of `valid_from`."""
    found: dict[str, Any] = {}
    for fact in facts:
        if _counts(fact, known):
            holds = fact.valid_from <= end
            found |= {name: value for name, value in fact.traits.items() if holds or name not in found}
    return {name: value for name, value in found.items() if value is not None}


def spells(facts: Sequence[Fact], ends: Sequence[datetime], known: Sequence[Known]) -> list[tuple[int, dict[str, Any]]]:
    """What an account's traits were: from which day on (its place among `ends`), in order, the first from 0 on.

    Args:
        facts: The account's facts in order of `valid_from`.
        ends: The end of each day.
        known: Up to when what is recorded counts, for each day.
    """
    turns = {0, *(bisect_left(ends, fact.valid_from) for fact in facts)}
    turns |= {i for i in range(1, len(ends)) if known[i] != known[i - 1] and _learned(facts, known[i - 1], known[i])}
    found: list[tuple[int, dict[str, Any]]] = []
    for i in sorted(turn for turn in turns if turn < len(ends)):
        traits = traits_at(facts, ends[i], known[i])
        if not found or found[-1][1] != traits:
            found.append((i, traits))
    return found


def _learned(facts: Sequence[Fact], before: Known, after: Known) -> bool:
    """Whether a fact counts on one of two days only."""
    return any(_counts(fact, before) != _counts(fact, after) for fact in facts)


def _counts(fact: Fact, known: Known) -> bool:
    return known is None or fact.recorded_at <= known

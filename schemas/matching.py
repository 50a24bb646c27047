"""Which events are meant: names or globs, and tests that their properties must pass.

>>> match = Match(events=("report.shared", "report.export*"), where={"seats": {"gte": 3}, "plan": "pro"})
>>> match.counts("report.exported"), match.counts("login")
(True, False)
>>> match.passes({"seats": 5, "plan": "pro"}), match.passes({"seats": 1, "plan": "pro"}), match.passes({})
(True, False, False)
"""

import fnmatch
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from schemas.errors import DefinitionError

_COMPARISONS = ("eq", "in", "exists", "gt", "gte", "lt", "lte")


class Match(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """`events` are names or globs, any of which may match; `where` holds a test for each property, all must hold."""

    events: tuple[str, ...] = ()
    where: dict[str, Any] = {}

    def counts(self, name: str) -> bool:
        """Whether events of this name can be meant."""
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in self.events)

    def passes(self, properties: Mapping[str, Any]) -> bool:
        """Whether an event's properties pass every test."""
        return all(_holds(test, properties, field) for field, test in self.where.items())

    def check(self, what: str) -> None:
        """Raises a DefinitionError, beginning with `what`, where this can't be meant."""
        if not self.events or not all(self.events):
            raise DefinitionError(f"{what}: `events` needs at least one name or glob.")
        for field, test in self.where.items():
            unknown = set(test) - set(_COMPARISONS) if isinstance(test, dict) else set()
            if unknown:
                said = ", ".join(map(repr, sorted(unknown)))
                raise DefinitionError(f"{what}: `where.{field}` has {said}; say {', '.join(_COMPARISONS)}.")
            if isinstance(test, dict) and not isinstance(test.get("in", []), list):
                raise DefinitionError(f"{what}: `where.{field}.in` needs a list.")


def _holds(test: Any, properties: Mapping[str, Any], field: str) -> bool:
    """Whether one property passes; a bare value means equality."""
    there, value = field in properties, properties.get(field)
    if not isinstance(test, dict):
        return there and bool(value == test)
    return all(_compares(word, wanted, there, value) for word, wanted in test.items())


def _compares(word: str, wanted: Any, there: bool, value: Any) -> bool:
    if word == "exists":
        return there is bool(wanted)
    try:
        return there and bool(_TESTS[word](value, wanted))
    except TypeError:
        return False  # what can't be compared doesn't pass


_TESTS: dict[str, Callable[[Any, Any], Any]] = {
    "eq": lambda value, wanted: value == wanted,
    "in": lambda value, wanted: value in wanted,
    "gt": lambda value, wanted: value > wanted,
    "gte": lambda value, wanted: value >= wanted,
    "lt": lambda value, wanted: value < wanted,
    "lte": lambda value, wanted: value <= wanted,
}

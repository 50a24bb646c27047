"""Behaviors: named matches over events, declared in `behaviors.yaml` (rules as code) next to the automatic ones.

>>> text = '''
... behaviors:
...   - name: report shared
...     events: [report.shared, "report.export*"]
...     where: {seats: {gte: 3}, plan: {in: [pro, team]}}
...     measure: sum(pages)
... '''
>>> (definition,) = parse(text)
>>> definition.counts("report.exported"), definition.counts("login")
(True, False)
>>> definition.measured({"seats": 5, "plan": "pro", "pages": 7}), definition.measured({"seats": 1, "plan": "pro"})
(7.0, None)
"""

import fnmatch
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import yaml

from schemas.errors import DefinitionError
from schemas.windows import ALL

_SUM = re.compile(r"sum\(([^()]+)\)")
_COMPARISONS = ("eq", "in", "exists", "gt", "gte", "lt", "lte")


class Definition(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One declared behavior.

    `events` are names or globs, any of which may match; `where` holds a test for each property, all of which must hold;
    `measure` is events, users or sum(property). The last four tell detection what to expect: whether it is a key
    behavior, its weight, and for adoption the day of the account's life by which it is due, how many days a week it is
    done then, and by how many users.
    """

    name: str
    events: tuple[str, ...]
    where: dict[str, Any] = {}
    measure: str = "events"
    description: str = ""
    key: bool = False
    weight: float = 1.0
    due_day: int | None = None
    frequency: float | None = None
    breadth: int | None = None

    @property
    def sums(self) -> str:
        """The property that is summed up, or an empty string."""
        found = _SUM.fullmatch(self.measure)
        return found[1].strip() if found else ""

    @property
    def reads_properties(self) -> bool:
        """Whether an event's name alone does not decide."""
        return bool(self.where or self.sums)

    @property
    def matched(self) -> dict[str, Any]:
        """What decides which events count and how: windows are rebuilt when it changes, and only then."""
        return {"events": sorted(self.events), "where": self.where, "sums": self.sums}

    def counts(self, name: str) -> bool:
        """Whether events of this name can count."""
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in self.events)

    def measured(self, properties: Mapping[str, Any]) -> float | None:
        """What an event of a matching name adds to the value, or None where its properties rule it out."""
        if not all(_holds(test, properties, field) for field, test in self.where.items()):
            return None
        value = properties.get(self.sums) if self.sums else 0.0
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return float(value) if number and abs(value) < 1e15 and math.isfinite(value) else 0.0  # type: ignore[arg-type]


def parse(text: str, source: str = "behaviors.yaml") -> tuple[Definition, ...]:
    """The definitions in a YAML text, or a DefinitionError that says which, where and what to do."""
    try:
        content = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise DefinitionError(f"{source} is not YAML: {error}. Mend it; the definitions before it stay.") from error
    if (
        not isinstance(content, dict)
        or not isinstance(content.get("behaviors", []), list)
        or content.keys() - {"behaviors"}
    ):
        raise DefinitionError(f"{source} holds one list named `behaviors:` and nothing else.")
    definitions = tuple(_definition(item, i, source) for i, item in enumerate(content.get("behaviors", [])))
    names = [definition.name for definition in definitions]
    for name in names:
        if names.count(name) > 1:
            raise DefinitionError(f"{source}: behavior {name!r} is defined {names.count(name)} times. Keep one.")
    return definitions


def _definition(item: Any, i: int, source: str) -> Definition:
    name = item.get("name", f"number {i + 1}") if isinstance(item, dict) else f"number {i + 1}"
    where = f"{source}: behavior {name!r}"
    if isinstance(item, dict) and "path" in item:
        raise DefinitionError(f"{where}: `path` is not there yet; name `events` for now.")
    try:
        definition = msgspec.convert(item, Definition, strict=True)
    except msgspec.ValidationError as error:
        raise DefinitionError(f"{where}: {error}. See schemas/behaviors.example.yaml for every field.") from error
    _check(definition, where)
    return definition


def _check(definition: Definition, where: str) -> None:
    if not definition.name or definition.name == ALL:
        raise DefinitionError(f"{where}: `name` must be set, and {ALL!r} is taken.")
    if not definition.events or not all(definition.events):
        raise DefinitionError(f"{where}: `events` needs at least one name or glob.")
    if definition.measure not in ("events", "users") and not definition.sums:
        raise DefinitionError(f"{where}: `measure` is {definition.measure!r}; say events, users or sum(property).")
    for field, test in definition.where.items():
        unknown = set(test) - set(_COMPARISONS) if isinstance(test, dict) else set()
        if unknown:
            raise DefinitionError(
                f"{where}: `where.{field}` has {', '.join(map(repr, sorted(unknown)))}; say {', '.join(_COMPARISONS)}."
            )
        if isinstance(test, dict) and not isinstance(test.get("in", []), list):
            raise DefinitionError(f"{where}: `where.{field}.in` needs a list.")


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

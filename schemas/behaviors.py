"""Behaviors: named matches over events, declared in `behaviors.yaml` (rules as code) or by API.

>>> text = '''
... behaviors:
...   - name: report shared
...     events: [report.shared, "report.export*"]
...     where: {seats: {gte: 3}}
...     measure: sum(pages)
...   - name: report delivered
...     path:
...       - events: [report.created]
...       - events: [report.shared]
...     within: 7 days
... '''
>>> shared, delivered = parse(text)
>>> shared.measured({"seats": 5, "pages": 7}), shared.measured({"seats": 1})
(7.0, None)
>>> delivered.steps("report.shared", {}), delivered.within_ms // 86_400_000
(2, 7)
"""

import math
import re
from collections.abc import Mapping
from typing import Any

import msgspec
import yaml

from schemas.clock import DAY_MS, HOUR_MS
from schemas.errors import DefinitionError
from schemas.matching import Match
from schemas.windows import ALL

_SUM = re.compile(r"sum\(([^()]+)\)")
_SPAN = re.compile(r"(\d{1,6}) ?(minute|hour|day)s?")
_UNITS = {"minute": 60_000, "hour": HOUR_MS, "day": DAY_MS}
_LONGEST_PATH = 16
LONGEST_SPAN = 366 * DAY_MS


class Definition(Match, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One declared behavior.

    It is either one match (`events`, `where`), or a `path`: matches that one user's events meet one after the other,
    at most `within` from the first to the last (streams.paths says which events make a completion). `measure` is
    events, users or sum(property); of a path events (completions), users or duration, in seconds. The last five tell
    detection what to expect: whether it is a key behavior, its weight, and for adoption the day of the account's life
    by which it is due, how many days a week it is done then, and by how many users.
    """

    name: str
    path: tuple[Match, ...] = ()
    within: str = ""
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
    def within_ms(self) -> int:
        """How long a path may take, in milliseconds; 0 for what is no path."""
        found = _SPAN.fullmatch(self.within)
        return int(found[1]) * _UNITS[found[2]] if found else 0

    @property
    def reads_properties(self) -> bool:
        """Whether an event's name alone does not decide."""
        return bool(self.sums or any(match.where for match in self.path or (self,)))

    @property
    def matched(self) -> dict[str, Any]:
        """What decides which events count and how: windows are rebuilt when it changes, and only then."""
        if self.path:
            path = [{"events": sorted(match.events), "where": match.where} for match in self.path]
            return {"path": path, "within": self.within_ms}
        return {"events": sorted(self.events), "where": self.where, "sums": self.sums}

    def counts(self, name: str) -> bool:
        """Whether events of this name can count."""
        return any(Match.counts(match, name) for match in self.path or (self,))

    def measured(self, properties: Mapping[str, Any]) -> float | None:
        """What an event of a matching name adds to the value, or None where its properties rule it out."""
        if not self.passes(properties):
            return None
        value = properties.get(self.sums) if self.sums else 0.0
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return float(value) if number and abs(value) < 1e15 and math.isfinite(value) else 0.0  # type: ignore[arg-type]

    def steps(self, name: str, properties: Mapping[str, Any]) -> int:
        """Which steps of the path an event can be: bit k for step k."""
        met = (match.counts(name) and match.passes(properties) for match in self.path)
        return sum(1 << k for k, meets in enumerate(met) if meets)


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
    definitions = tuple(_numbered(item, i, source) for i, item in enumerate(content.get("behaviors", [])))
    names = [definition.name for definition in definitions]
    for name in names:
        if names.count(name) > 1:
            raise DefinitionError(f"{source}: behavior {name!r} is defined {names.count(name)} times. Keep one.")
    return definitions


def define(item: Any, what: str) -> Definition:
    """One definition from plain values, or a DefinitionError that begins with `what` and says what to do."""
    try:
        definition = msgspec.convert(item, Definition, strict=True)
    except msgspec.ValidationError as error:
        raise DefinitionError(f"{what}: {error}. See schemas/behaviors.example.yaml for every field.") from error
    if not definition.name or definition.name == ALL:
        raise DefinitionError(f"{what}: `name` must be set, and {ALL!r} is taken.")
    if definition.path or definition.within:
        _check_path(definition, what)
    else:
        definition.check(what)
        if definition.measure not in ("events", "users") and not definition.sums:
            raise DefinitionError(f"{what}: `measure` is {definition.measure!r}; say events, users or sum(property).")
    return definition


def _numbered(item: Any, i: int, source: str) -> Definition:
    name = item.get("name", f"number {i + 1}") if isinstance(item, dict) else f"number {i + 1}"
    return define(item, f"{source}: behavior {name!r}")


def _check_path(definition: Definition, what: str) -> None:
    if definition.events or definition.where:
        raise DefinitionError(f"{what}: a `path` has `events` and `where` in its steps, not beside them.")
    if not 2 <= len(definition.path) <= _LONGEST_PATH:
        raise DefinitionError(f"{what}: a `path` has 2 to {_LONGEST_PATH} steps, not {len(definition.path)}.")
    for k, match in enumerate(definition.path, 1):
        match.check(f"{what}, step {k}")
    if not 0 < definition.within_ms <= LONGEST_SPAN:
        raise DefinitionError(
            f"{what}: `within` is {definition.within!r}; say how long the path may take, like 90 minutes, 12 hours or "
            "7 days, and at most 366 days."
        )
    if definition.measure not in ("events", "users", "duration"):
        raise DefinitionError(f"{what}: `measure` is {definition.measure!r}; say events, users or duration of a path.")

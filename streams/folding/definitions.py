"""Which behaviors count an event: `*`, the automatic one of its name, and every declared one that matches."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from schemas.behaviors import Definition
from schemas.database.definitions import Registered
from streams.folding.numbers import NONE

NEVER = 1 << 61
Allocate = Callable[[int, Collection[str]], dict[str, int]]


class Declared(NamedTuple):
    """A declared behavior and the number it is counted under; records from `since[topic, partition]` on count live."""

    number: int
    definition: Definition
    active: bool = True
    since: Mapping[tuple[int, int], int] = {}

    def starts(self, topic: int, partition: int) -> int:
        """The first offset of a partition that the live fold counts; what lies before it is rebuilt."""
        return self.since.get((topic, partition), 0 if self.active else NEVER)


class Names:
    """A code for each (workspace, event name), and what counts it. Codes are indexes, good until the next `learn`."""

    def __init__(self, allocate: Allocate, cap: int = 200_000) -> None:
        self._allocate = allocate
        self._cap = cap
        self._declared: dict[int, list[Declared]] = {}
        self.declare({})

    def declare(self, declared: Mapping[int, Sequence[Declared]]) -> None:
        """Takes the declared behaviors of every workspace; everything is worked out anew."""
        self._declared = {workspace: list(of) for workspace, of in declared.items()}
        self._codes: dict[int, dict[str, int]] = {}
        self._automatic: list[int] = []
        self.matching: list[list[Declared]] = []

    def learn(self, wanted: Iterable[tuple[int, list[str]]]) -> None:
        """Makes names known."""
        if len(self._automatic) > self._cap:
            self.declare(self._declared)
        missing: dict[int, dict[str, None]] = {}
        for workspace, names in wanted:
            known = self._codes.setdefault(workspace, {})
            missing.setdefault(workspace, {}).update(dict.fromkeys(name for name in names if name not in known))
        for workspace, names_missing in missing.items():
            if names_missing:
                self._add(workspace, names_missing)

    def _add(self, workspace: int, names: Collection[str]) -> None:
        declared = self._declared.get(workspace, [])
        taken = {one.definition.name for one in declared if one.active}
        numbers = self._allocate(workspace, [name for name in names if name not in taken])
        for name in names:
            self._codes[workspace][name] = len(self._automatic)
            self._automatic.append(numbers.get(name, NONE))
            self.matching.append([one for one in declared if one.definition.counts(name)])

    def lookup(self, workspace: int, names: list[str]) -> NDArray[np.int64]:
        """The names' codes, and NONE at the end, where an index of ABSENT (-1) finds it."""
        codes = self._codes.get(workspace, {})
        return np.array([codes.get(name, NONE) for name in names] + [NONE], np.int64)

    def automatic(self, codes: NDArray[np.int64]) -> NDArray[np.int64]:
        """The automatic behavior's number for each event, NONE where its name has none."""
        return np.array([*self._automatic, NONE], np.int64)[codes]


def by_workspace(found: list[Registered]) -> dict[int, list[Declared]]:
    """What the fold needs to know of declared behaviors."""
    declared: dict[int, list[Declared]] = {}
    for one in found:
        declared.setdefault(one.workspace, []).append(Declared(one.number, one.definition, one.active, one.since))
    return declared

"""Strings to numbers, in memory: looked up once for each distinct string of a batch, asked of the database once."""

from collections.abc import Callable, Collection, Iterable

import numpy as np
from numpy.typing import NDArray

Allocate = Callable[[int, Collection[str]], dict[str, int]]
NONE = -1


class Numbers:
    """The numbers of one kind of thing, by workspace and string.

    `allocate` asks the database for those that memory lacks; what it leaves out has no number, and stays NONE. Memory
    is emptied when it holds more than `cap` strings.
    """

    def __init__(self, allocate: Allocate, cap: int = 2_000_000) -> None:
        self._allocate = allocate
        self._cap = cap
        self._known: dict[int, dict[str, int]] = {}

    def learn(self, wanted: Iterable[tuple[int, list[str]]]) -> None:
        """Makes the strings' numbers known; one question a workspace. Nothing is forgotten until the next call."""
        if sum(map(len, self._known.values())) > self._cap:
            self._known.clear()
        missing: dict[int, set[str]] = {}
        for workspace, strings in wanted:
            known = self._known.setdefault(workspace, {})
            if not all(map(known.__contains__, strings)):
                missing.setdefault(workspace, set()).update(string for string in strings if string not in known)
        for workspace, strings_missing in missing.items():
            found = self._allocate(workspace, strings_missing)
            self._known[workspace].update({string: found.get(string, NONE) for string in strings_missing})

    def of(self, workspace: int, string: str) -> int:
        """The number of one string that was learned."""
        return self._known[workspace][string]

    def lookup(self, workspace: int, strings: list[str]) -> NDArray[np.int64]:
        """The strings' numbers, and at the end NONE, which ABSENT (-1) points to. KeyError: learn them first."""
        known = self._known.get(workspace, {})
        return np.array([*map(known.__getitem__, strings), NONE], np.int64)

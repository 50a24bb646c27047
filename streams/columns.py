"""State of many keys as columns: arrays whose last axis is the key, that grow with the keys and go into checkpoints."""

from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]


@dataclass
class Columns:
    """A dataclass of arrays, each with the key as its last axis.

    >>> @dataclass
    ... class Counts(Columns):
    ...     n: NDArray[Any]
    >>> Counts(np.array([5, 7])).grown(np.array([0, 2]), 3).n.tolist()
    [5, 0, 7]
    """

    def grown(self, places: NDArray[np.int64], size: int) -> Self:
        """The same for `size` keys, zero where a key is new; key i of before stands at `places[i]`.

        It takes the place of this one, column after column, so that never twice the whole is held.
        """
        before, fresh = np.zeros(size, np.int64), np.ones(size, np.bool_)
        before[places], fresh[places] = np.arange(len(places)), False
        for column in fields(self):
            old = getattr(self, column.name)
            new = old.take(before, axis=-1) if len(places) else np.zeros((*old.shape[:-1], size), old.dtype)
            new[..., fresh] = 0
            setattr(self, column.name, new)
        return self

    def arrays(self) -> Arrays:
        """Every array by its name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def part_of(arrays: Arrays, name: str) -> Arrays:
    """The arrays whose names begin so, without it."""
    return {n.removeprefix(name): found for n, found in arrays.items() if n.startswith(name)}

"""Who is one person: ids that were joined, directly or along a chain. Pure.

Windows hold users' numbers as they came. Which of them are one person is decided when they are read, so joining ids and
taking that back rebuilds nothing. A pair is directed: `previous` became `user`. The id that stands for a person is one
that became no other (the identified one, not the anonymous one), the newest of several.

>>> persons([(1, 2), (2, 5), (7, 5), (8, 9)])
{1: 5, 2: 5, 7: 5, 8: 9}
>>> persons([(1, 2), (2, 1)])  # a circle
{1: 2}
"""

from collections.abc import Collection, Iterable, Mapping

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap

Pair = tuple[int, int]
Ints = NDArray[np.int64]


def persons(pairs: Iterable[Pair]) -> dict[int, int]:
    """For each number that another one stands for: that one. The order of the pairs does not matter."""
    joined = {(previous, user) for previous, user in pairs if previous != user}
    parents: dict[int, int] = {}

    def root(number: int) -> int:
        while (parent := parents.setdefault(number, number)) != number:
            parents[number] = parents[parent]
            number = parent
        return number

    for previous, user in joined:
        parents[root(previous)] = root(user)
    became = {previous for previous, _ in joined}
    heads: dict[int, int] = {}
    for number in parents:
        known = heads.setdefault(root(number), number)
        heads[root(number)] = max(known, number, key=lambda one: (one not in became, one))
    return {number: heads[root(number)] for number in sorted(parents) if heads[root(number)] != number}


def changed_from(
    before: Mapping[int, int], after: Mapping[int, int], seen: Mapping[int, int], strangers: Collection[int] = ()
) -> int | None:
    """The first moment at which distinct customers may differ between two mappings; None where they can't.

    `seen` is since when each number is in windows; numbers that are in none are left out. People are counted otherwise
    from where two of those who were joined, or were taken apart, have both been seen; a person that becomes a stranger
    (no customer), or is one no longer, from where any of it was.

    >>> changed_from({}, {1: 2}, {1: 50, 2: 30}), changed_from({}, {1: 2}, {2: 30})
    (50, None)
    >>> changed_from({1: 2}, {}, {1: 50, 2: 30}, strangers=[1])
    30
    """
    moments = _meetings(before, after, seen) + _meetings(after, before, seen)
    strange_before, strange_after = ({who.get(one, one) for one in strangers} for who in (before, after))
    for number, moment in seen.items():
        was, is_now = before.get(number, number) in strange_before, after.get(number, number) in strange_after
        moments += [moment] if was != is_now else []
    return min(moments, default=None)


def _meetings(apart: Mapping[int, int], joined: Mapping[int, int], seen: Mapping[int, int]) -> list[int]:
    """For each person of `joined`: when the second of the persons it was in `apart` was first seen."""
    first: dict[int, dict[int, int]] = {}
    for number, moment in seen.items():
        mine = first.setdefault(joined.get(number, number), {})
        was = apart.get(number, number)
        mine[was] = min(moment, mine.get(was, moment))
    return [sorted(moments.values())[1] for moments in first.values() if len(moments) > 1]


class People:
    """A mapping from numbers to the numbers that stand for the persons, quick on many.

    >>> people = People({1: 5, 2: 5})
    >>> people.of(np.array([1, 2, 3, 5])).tolist(), list(people.united(BitMap([1, 2, 3])))
    ([5, 5, 3, 5], [3, 5])
    """

    def __init__(self, persons: Mapping[int, int]) -> None:
        self._numbers: Ints = np.array(sorted(persons), np.int64)
        self._persons: Ints = np.array([persons[number] for number in self._numbers.tolist()], np.int64)
        self._joined = BitMap(persons)

    def of(self, numbers: Ints) -> Ints:
        """The person of each number."""
        if not len(self._numbers):
            return numbers
        places = np.minimum(np.searchsorted(self._numbers, numbers), len(self._numbers) - 1)
        return np.where(self._numbers[places] == numbers, self._persons[places], numbers)

    def united(self, numbers: BitMap) -> BitMap:
        """A set of numbers as a set of persons."""
        joined = numbers & self._joined
        if not joined:
            return numbers
        return (numbers - joined) | BitMap(self.of(np.array(joined, np.int64)).tolist())

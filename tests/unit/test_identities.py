"""Laws of who is one person."""

import random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from schemas.identities import People, changed_from, persons

NUMBERS = st.integers(1, 12)
PAIRS = st.lists(st.tuples(NUMBERS, NUMBERS), max_size=12)


def partition(found: dict[int, int]) -> dict[int, int]:
    return {number: found.get(number, number) for number in range(1, 13)}


@given(PAIRS, st.randoms())
def test_the_order_in_which_it_is_said_does_not_matter(pairs: list[tuple[int, int]], chance: random.Random) -> None:
    shuffled = pairs * 2
    chance.shuffle(shuffled)
    assert persons(shuffled) == persons(pairs)


@given(PAIRS)
def test_who_stands_for_a_person_stands_for_itself(pairs: list[tuple[int, int]]) -> None:
    found = persons(pairs)
    assert not found.keys() & set(found.values())
    assert all(partition(found)[a] == partition(found)[b] for a, b in pairs)


@given(PAIRS, st.tuples(NUMBERS, NUMBERS))
def test_what_is_taken_back_leaves_nothing(pairs: list[tuple[int, int]], extra: tuple[int, int]) -> None:
    before = [pair for pair in pairs if pair != extra]
    assert persons([pair for pair in [*before, extra] if pair != extra]) == persons(before)


@given(PAIRS, PAIRS, st.dictionaries(NUMBERS, st.integers(0, 9)), st.sets(NUMBERS, max_size=2))
def test_nothing_changes_before_the_moment_that_is_told(
    one: list[tuple[int, int]], other: list[tuple[int, int]], seen: dict[int, int], strangers: set[int]
) -> None:
    before, after = persons(one), persons(other)
    moment = changed_from(before, after, seen, strangers)
    for until in range(10 if moment is None else moment):
        present = [number for number, since in seen.items() if since <= until]
        assert count(before, present, strangers) == count(after, present, strangers)


def count(found: dict[int, int], present: list[int], strangers: set[int]) -> int:
    others = {found.get(number, number) for number in strangers}
    return len({found.get(number, number) for number in present} - others)


@given(PAIRS, st.lists(NUMBERS))
def test_many_at_once_are_as_one_by_one(pairs: list[tuple[int, int]], numbers: list[int]) -> None:
    found = persons(pairs)
    expected = [found.get(number, number) for number in numbers]
    people = People(found)
    assert people.of(np.array(numbers, np.int64)).tolist() == expected
    assert people.united(BitMap(numbers)) == BitMap(expected)

"""Dedupe against a plain set, and beyond its limit."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from streams.dedupe import Bloom, Dedupe, Ids, IdTable, contains, no_database

PAIR = st.tuples(st.integers(1, 40), st.integers(0, 2))


def as_ids(pairs: list[tuple[int, int]]) -> Ids:
    return np.array(pairs, np.uint64).reshape(-1, 2)


@given(st.lists(st.lists(PAIR, max_size=50), max_size=8))
def test_equals_a_set(batches: list[list[tuple[int, int]]]) -> None:
    table, seen = IdTable(8), set[tuple[int, int]]()
    for hour, batch in enumerate(batches):
        expected = []
        for pair in batch:
            expected.append(pair not in seen)
            seen.add(pair)
        assert table.add(as_ids(batch), hour).tolist() == expected
    assert table.count == len(seen)


def random_ids(seed: int, n: int) -> Ids:
    return np.random.default_rng(seed).integers(1, 2**63, (n, 2)).astype(np.uint64)


def test_old_ids_are_forgotten() -> None:
    table, old, new = IdTable(), random_ids(1, 1000), random_ids(2, 1000)
    table.add(old, 5)
    table.add(new, 6)
    gone, hours = table.keep_from(6)
    assert len(gone) == 1000
    assert set(hours.tolist()) == {5}
    assert not table.add(new, 7).any()
    assert table.add(old, 7).all()


def test_what_gives_way_is_still_known() -> None:
    stored: dict[int, Ids] = {}
    asked: list[int] = []

    def look(hour: int) -> NDArray[np.uint64]:
        asked.append(hour)
        return stored.get(hour, no_database(hour))

    dedupe = Dedupe(limit=3000, look=look)
    for hour in range(6):
        stored[hour] = random_ids(hour, 1000)
        assert dedupe.add(stored[hour], hour).all()
        dedupe.trim()
    assert dedupe.exact_from > 0
    assert len(dedupe) <= 3000
    for hour in range(6):
        assert not dedupe.add(stored[hour], 6).any()
    asked.clear()
    assert dedupe.add(random_ids(99, 2000), 6).all()
    assert len(asked) <= 1


def test_bloom_misses_nothing_and_seldom_lies() -> None:
    ids = random_ids(4, 5000)
    bloom = Bloom(ids)
    assert bloom.hits(ids).all()
    assert bloom.hits(random_ids(5, 50_000)).sum() < 10
    assert contains(ids, ids[:3]).all()

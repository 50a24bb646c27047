"""Completions of a path, against their definition."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from schemas.clock import HOUR_MS
from streams.paths import Completion, Step, by_hour, completions

LENGTH, WITHIN = 3, 40
LONG = 10**9
steps = st.lists(
    st.builds(Step, st.integers(0, 100), st.integers(1, 2**LENGTH - 1), st.binary(min_size=2, max_size=2)),
    max_size=14,
    unique_by=lambda step: step.id,
)
single = st.lists(
    st.builds(Step, st.integers(0, 100), st.sampled_from([1, 2, 4]), st.binary(min_size=2, max_size=2)),
    max_size=14,
    unique_by=lambda step: step.id,
)


def by_definition(path: list[Step], length: int, within: int) -> list[Completion]:
    """Every stretch that holds the steps in order and no shorter stretch that does."""
    ordered = sorted(path, key=lambda step: (step.time, step.steps & -step.steps, step.id))
    stretches = {
        (chain[0], chain[-1])
        for chain in combinations(range(len(ordered)), length)
        if all(ordered[i].steps >> k & 1 for k, i in enumerate(chain))
    }
    minimal = [
        (first, last)
        for first, last in stretches
        if not any((a, b) != (first, last) and first <= a and b <= last for a, b in stretches)
    ]
    found = [Completion(ordered[first].time, ordered[last].time) for first, last in sorted(minimal)]
    return [one for one in found if one.end - one.start <= within]


@given(steps)
def test_they_are_the_shortest_stretches_that_hold_the_path(path: list[Step]) -> None:
    assert completions(path, LENGTH, WITHIN) == by_definition(path, LENGTH, WITHIN)


@given(steps, st.randoms())
def test_the_order_of_arrival_does_not_matter(path: list[Step], chance: object) -> None:
    shuffled = list(path)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert completions(shuffled, LENGTH, WITHIN) == completions(path, LENGTH, WITHIN)


@given(steps, st.integers(0, 100), st.integers(0, 100))
def test_what_ends_in_a_span_depends_on_what_lies_within_reach_of_it_alone(path: list[Step], a: int, b: int) -> None:
    first, last = min(a, b), max(a, b)
    near = [step for step in path if first - WITHIN <= step.time <= last]

    def ending(found: list[Completion]) -> list[Completion]:
        return [one for one in found if first <= one.end <= last]

    assert ending(completions(near, LENGTH, WITHIN)) == ending(completions(path, LENGTH, WITHIN))


@given(steps, steps)
def test_steps_out_of_reach_change_nothing(path: list[Step], others: list[Step]) -> None:
    far = [step._replace(time=step.time + 1000) for step in others]
    assert completions(path + far, LENGTH, WITHIN)[: len(completions(path, LENGTH, WITHIN))] == completions(
        path, LENGTH, WITHIN
    )
    assert len(completions(path + far, LENGTH, WITHIN)) == sum(
        len(completions(part, LENGTH, WITHIN)) for part in (path, far)
    )


@given(single)
def test_no_event_serves_two_completions(path: list[Step]) -> None:
    found = completions(path, LENGTH, LONG)
    assert len(found) <= min(sum(step.steps == 1 << k for step in path) for k in range(LENGTH))


def walk(letters: str, gap: int = 1) -> list[Step]:
    return [Step(i * gap, 1 << "abc".index(letter), bytes([i])) for i, letter in enumerate(letters)]


def test_the_rule_on_paths_that_people_walk() -> None:
    assert completions(walk("abc"), 3, 2) == [Completion(0, 2)]
    assert completions(walk("abc"), 3, 1) == []
    assert completions(walk("aabbcc"), 3, LONG) == [Completion(1, 4)]
    assert completions(walk("abacbc"), 3, LONG) == [Completion(0, 3), Completion(2, 5)]  # two side by side
    assert completions(walk("cba"), 3, LONG) == []
    assert completions(walk("cba", gap=0), 3, LONG) == [Completion(0, 0)]  # of one moment: in the path's order
    returns = [Step(t, 0b11, bytes([t])) for t in (1, 4, 9)]
    assert completions(returns, 2, LONG) == [Completion(1, 4), Completion(4, 9)]


def test_hours_are_those_in_which_they_end() -> None:
    found = [Completion(0, 5), Completion(3, HOUR_MS - 1), Completion(4, HOUR_MS)]
    assert {hour: share.completions for hour, share in by_hour(found).items()} == {0: 2, HOUR_MS: 1}

"""The alert machine: a table of days in, what is told out; and laws that hold for any days."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.alerts import AlertState, Transition
from schemas.clock import DAY_MS
from schemas.rules import Times
from streams.alerting import Sighting, transition

FIRED, WORSENED, RECOVERING = Transition.FIRED, Transition.WORSENED, Transition.RECOVERING
RELAPSED, RESOLVED = Transition.RELAPSED, Transition.RESOLVED


def live(days, times=None):
    """Runs days (None: quiet, else the ratio seen): what was told on which day, the life at the end, the changes."""
    life, told = None, []
    for day, ratio in enumerate(days):
        sighting = None if ratio is None else Sighting(3.0, 2.5, ratio)
        life, changes = transition(life, sighting, day * DAY_MS, "f", times or Times())
        told += [(day, change) for change in changes]
    return [(day, change.transition) for day, change in told], life, [change for _, change in told]


Q = None
CASES = {
    "quiet": ([Q] * 5, []),
    "fires on the first crossing": ([Q, 0.5, 0.5], [(1, FIRED)]),
    "recovers, and resolves after 7 days below and 14 since it opened": (
        [0.5] * 8 + [Q] * 7,
        [(0, FIRED), (8, RECOVERING), (14, RESOLVED)],
    ),
    "a short one waits for 14 days": ([0.5] + [Q] * 14, [(0, FIRED), (1, RECOVERING), (14, RESOLVED)]),
    "falls again before it is resolved": ([0.5, Q, 0.5], [(0, FIRED), (1, RECOVERING), (2, RELAPSED)]),
    "worse is told once a week": ([0.8] * 3 + [0.5] * 6, [(0, FIRED), (7, WORSENED)]),
    "a little worse is not told": ([0.5] * 10 + [0.4] * 10, [(0, FIRED)]),
    "a second episode": (
        [0.5] * 8 + [Q] * 7 + [0.5],
        [(0, FIRED), (8, RECOVERING), (14, RESOLVED), (15, FIRED)],
    ),
}


@pytest.mark.parametrize(("days", "told"), CASES.values(), ids=CASES)
def test_lives(days, told):
    assert live(days)[0] == told


def test_confirmation_waits_and_forgets():
    times = Times(confirm=3)
    assert live([0.5, 0.5], times)[0] == []
    assert live([0.5, 0.5], times)[1].state == AlertState.PENDING
    assert live([0.5, 0.5, Q, 0.5, 0.5, 0.5], times)[0] == [(5, FIRED)]


days = st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=120)


@given(days)
def test_laws(sequence):
    told, life, changes = live(sequence)
    episodes = {}
    for change in changes:
        episodes.setdefault(change.episode, []).append(change)
    for steps in episodes.values():
        assert [step.sequence for step in steps] == list(range(1, len(steps) + 1))
        assert steps[0].transition == FIRED
        assert all(step.transition != FIRED for step in steps[1:])
        assert all(step.transition != RESOLVED for step in steps[:-1])
        assert all(a.at <= b.at for a, b in pairwise(steps))
    unfinished = [name for name, steps in episodes.items() if steps[-1].transition != RESOLVED]
    assert unfinished == ([life.episode] if life else [])
    openings = [day for day, what in told if what == FIRED]
    assert all(b - a > 14 for a, b in pairwise(openings))


@given(days)
def test_whoever_fired_is_resolved_once_it_is_quiet(sequence):
    told, life, _ = live([*sequence, *[None] * 30])
    assert life is None
    assert sum(what == FIRED for _, what in told) == sum(what == RESOLVED for _, what in told)


@given(days, st.integers(0, 120))
def test_going_on_from_a_kept_state_is_the_same(sequence, at):
    whole = live(sequence)[2]
    life, told = None, []
    for day, ratio in enumerate(sequence):
        if day == at and life is not None:
            life = type(life)(**{name: getattr(life, name) for name in life.__struct_fields__})
        sighting = None if ratio is None else Sighting(3.0, 2.5, ratio)
        life, changes = transition(life, sighting, day * DAY_MS, "f")
        told += changes
    assert told == whole

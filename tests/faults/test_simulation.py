"""The pure core under arbitrary interleavings: a state machine that hypothesis drives, and seeded worlds."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from itertools import groupby
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from schemas.alerts import Transition
from schemas.clock import DAY_MS
from schemas.database.fold import Write
from schemas.rules import Times
from streams.alerting import Change, Life, Sighting, transition
from streams.dedupe import Dedupe
from streams.folding import folder, lateness
from tests.faults.simulation import STEPS, Simulation, simulate
from tests.faults.store import Store, standing_in

CHOICES = st.randoms(use_true_random=False)


class Interleavings(RuleBasedStateMachine):
    """Every step of the simulation is a rule; at the end everything comes home, and is counted once."""

    def __init__(self) -> None:
        super().__init__()
        self._open = ExitStack()
        self._open.enter_context(standing_in())
        self.world = Simulation()

    @rule(random=CHOICES, times=st.integers(1, 4))
    def produce(self, random: Random, times: int) -> None:
        for _ in range(times):
            self.world.produce(random)

    @rule(random=CHOICES)
    def fold(self, random: Random) -> None:
        self.world.fold(random)

    @rule(random=CHOICES, name=st.sampled_from(sorted(STEPS)))
    def anything(self, random: Random, name: str) -> None:
        getattr(self.world, name)(random)

    def teardown(self) -> None:
        try:
            self.world.settle()
        finally:
            self._open.close()


TestInterleavings = Interleavings.TestCase
TestInterleavings.settings = settings(max_examples=25, stateful_step_count=30)


def test_seeded_worlds_add_up_and_can_be_had_again() -> None:
    happened = simulate(1, 1200, world=400)
    assert min(happened[step] for step in STEPS if step != "grow") > 0
    assert simulate(1, 400, world=400)["events"] == simulate(1, 400, world=400)["events"]


def _no_fence(honest: Callable[..., None]) -> Callable[..., None]:
    def commit(store: Store, write: Write) -> None:
        moved = [row._replace(version=store.offsets[row.partition].version) for row in write.moved]
        honest(store, replace(write, moved=moved))

    return commit


@pytest.mark.parametrize(
    ("what", "name", "bug"),
    [
        (Store, "commit", _no_fence),
        (Dedupe, "forget_before", lambda _: lambda self, _: self.__init__(150, self._look)),
        (folder, "sort_out", lambda _: lambda records, *_: (records, [])),
        (lateness, "late", lambda _: lambda *_: ([], 0)),
    ],
    ids=["no fence", "ids forgotten", "strays counted where they lie", "late not told"],
)
def test_a_world_with_a_bug_does_not_add_up(
    monkeypatch: pytest.MonkeyPatch, what: Any, name: str, bug: Callable[[Any], Any]
) -> None:
    monkeypatch.setattr(what, name, bug(getattr(what, name)))
    with pytest.raises(AssertionError, match="world"):
        simulate(1, 6000, world=600)


SIGHTINGS = st.lists(st.none() | st.builds(Sighting, st.floats(2, 9), st.just(2.0), st.floats(0, 1)), max_size=60)


@given(SIGHTINGS, st.sets(st.integers(0, 59)), st.integers(1, 3))
def test_an_alert_lives_the_same_life_however_often_its_evaluator_dies(
    sightings: list[Sighting | None], deaths: set[int], confirm: int
) -> None:
    """Each death goes back to the checkpoint before it, which a zombie may have written as well."""
    steady, broken = _live(sightings, set(), confirm), _live(sightings, deaths, confirm)
    assert steady == broken
    for episode, changes in groupby(steady, key=lambda change: change.episode):
        told = list(changes)
        assert [change.sequence for change in told] == list(range(1, len(told) + 1)), episode
        assert told[0].transition == Transition.FIRED
        assert [change.transition for change in told].count(Transition.RESOLVED) <= 1


def _live(sightings: list[Sighting | None], deaths: set[int], confirm: int) -> list[Change]:
    """What is told of a subject over days; what was told is unique by episode and sequence."""
    life, told = None, dict[tuple[str, int], Change]()
    for day, sighting in enumerate(sightings):
        for _ in range(2 if day in deaths else 1):
            stored = msgspec.msgpack.encode(life)
            after, changes = transition(life, sighting, day * DAY_MS, "of", Times(confirm=confirm))
            told |= {(change.episode, change.sequence): change for change in changes}
            life = msgspec.msgpack.decode(stored, type=Life | None) if day in deaths else life
        life = after
    return list(told.values())

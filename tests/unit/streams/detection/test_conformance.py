"""What every detector must keep: determinism, order of keys, restarts, scale, silence, days not known."""

import copy
from dataclasses import fields

import numpy as np
import pytest

from streams.detectors.account_silent import AccountSilent
from streams.detectors.base import Day, Verdicts
from streams.detectors.behavior_dropped import BehaviorDropped
from streams.detectors.examples import days_of
from streams.detectors.segment_dropped import SegmentDropped
from streams.detectors.users_gone import UsersGone

DETECTORS = [BehaviorDropped, SegmentDropped, AccountSilent, UsersGone]
pytestmark = pytest.mark.parametrize("detector", [make() for make in DETECTORS], ids=lambda one: one.name)


def world(keys=30, days=160, seed=1):
    """Keys of all sizes; every fifth stops on day 120."""
    rng = np.random.default_rng(seed)
    rates = np.geomspace(0.3, 40, keys)
    week = np.array([1, 1, 1, 1, 1, 0.1, 0.1])
    users = np.stack([rng.poisson(rates * week[day % 7]) for day in range(days)], axis=1)
    users[::5, 120:] = 0
    return users


def named(count):
    return np.arange(1, count + 1, dtype=np.int64) << 32


def run(detector, users, state=None, first=0):
    state = detector.initial() if state is None else state
    found = []
    for day in days_of(users, first):
        state, verdicts = detector.step(state, day)
        found.append(of_accounts(verdicts))
    return state, found


def of_accounts(verdicts):
    """The verdicts on accounts as a whole, whatever else a detector has keys for."""
    whole = verdicts.keys & 0xFFFFFFFF == 0
    return Verdicts(*(getattr(verdicts, one.name)[whole] for one in fields(Verdicts)))


def same(a, b):
    return all(
        np.array_equal(x.crosses, y.crosses) and np.allclose(x.score, y.score) and np.allclose(x.threshold, y.threshold)
        for x, y in zip(a, b, strict=True)
    )


def test_it_is_deterministic(detector):
    assert same(run(detector, world())[1], run(detector, world())[1])


def test_it_finds_who_stopped_and_no_one_else(detector):
    _, found = run(detector, world())
    crossed = np.any([verdicts.crosses for verdicts in found[120:]], axis=0)
    stopped = np.arange(30) % 5 == 0
    busy = np.geomspace(0.3, 40, 30) > max(1, detector.thin / 20)
    assert crossed[stopped & busy].all()
    assert crossed[~stopped].sum() <= 2


def test_a_restart_changes_nothing(detector):
    users = world()
    whole = run(detector, users)[1]
    state, first = run(detector, users[:, :100])
    state = detector.load(copy.deepcopy(detector.save(state)))
    assert same(whole, first + run(detector, users[:, 100:], state, 100)[1])


def test_the_order_of_peers_does_not_matter(detector):
    users = world()
    turn = np.random.default_rng(2).permutation(len(users))
    straight, turned = run(detector, users)[1], run(detector, users[turn])[1]
    for a, b in zip(straight, turned, strict=True):
        assert np.array_equal(a.crosses[turn], b.crosses)
        assert np.allclose(a.score[turn], b.score, atol=0.051)  # sums in another order may move a score by a bin


def test_keys_that_come_later_change_nothing_before_them(detector):
    users = world()
    users[20:, :50] = 0
    whole = run(detector, users)[1]
    state, first = run(detector, users[:20, :50])
    later = run(detector, users[:, 50:], state, 50)[1]
    assert all(np.array_equal(a.crosses[:20], b.crosses) for a, b in zip(whole[:50], first, strict=True))
    assert all(np.array_equal(a.crosses, b.crosses) for a, b in zip(whole[50:], later, strict=True))


def test_nothing_in_nothing_out(detector):
    _, found = run(detector, np.zeros((5, 100)))
    assert not any(verdicts.crosses.any() for verdicts in found)
    assert not found[-1].judged.any()
    empty = detector.initial()
    for day in days_of(np.zeros((0, 3))):
        empty, _ = detector.step(empty, day)


def test_days_that_are_not_known_are_not_silence(detector):
    users = world()[1:2] + 3
    state, _ = run(detector, users[:, :110])
    for i in range(60):
        blank = np.zeros(1)
        day = Day(110 + i, False, named(1), blank, blank, np.zeros(1, np.int64), np.zeros(1, np.int64), 1)
        state, verdicts = detector.step(state, day)
        assert not verdicts.crosses.any()


def test_the_young_are_not_judged(detector):
    _, found = run(detector, np.array([[5] * 20 + [0] * 7]))
    assert not any(verdicts.judged.any() for verdicts in found)


def test_its_state_grows_with_keys_and_not_faster(detector):
    def size(keys):
        state, _ = run(detector, np.full((keys, 3), 2.0))
        return sum(array.nbytes for array in detector.save(state).values())

    fixed = size(1)
    assert size(2_000) - fixed <= 10.5 * (size(200) - fixed)

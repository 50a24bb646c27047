"""Injected drops: few accounts at a time, the same ones every time, and nothing of the workspace's state is changed."""

import numpy as np
import pytest

from schemas.windows import ALL, ALL_NUMBER
from streams.evaluating import folding, injecting
from streams.evaluating.activity import gather, pack
from streams.evaluating.folding import Detection
from streams.evaluating.injecting import Injection, draw, inject
from streams.evaluating.world import Account, World

LAST = 20_000
FIRST = LAST - injecting.DAYS + 1


def workspace(accounts, chance, seed=3):
    """Accounts with six people each, of whom each comes on a workday with that chance."""
    rng = np.random.default_rng(seed)
    days, numbers, users = (part.ravel() for part in np.meshgrid(
        np.arange(FIRST, LAST + 1), np.arange(1, accounts + 1), np.arange(6), indexing="ij"
    ))  # fmt: skip
    came = ((days + 3) % 7 < 5) & (rng.random(len(days)) < chance)
    days, numbers, users = days[came], numbers[came], users[came] + 10 * numbers[came]
    keys, each = pack(numbers, ALL_NUMBER), np.arange(len(days))
    known = {n: Account(n, f"a{n}", f"a{n}") for n in range(1, accounts + 1)}
    world = World(1, known, {ALL_NUMBER: ALL}, {}, np.empty(0, np.int64))
    return world, gather(days, np.full(len(days), 9), keys, np.ones(len(days), np.int64), each, users)


def folded(world, activity, detection):
    progress = folding.begin(detection, FIRST)
    for _ in folding.fold(world, activity, progress, LAST, detection):
        pass
    return progress


def test_what_is_found_grows_with_the_accounts_and_with_time():
    detection = Detection(0.5)
    shares = {}
    for chance in (0.9, 0.1):
        world, activity = workspace(120, chance)
        found = injecting.found(world, activity, LAST, detection, folded(world, activity, detection))
        injected = sum(one.injected for one in found)
        assert 15 <= injected <= 45
        shares[chance] = [sum(one[place] for one in found) / injected for place in (2, 3)]
    assert shares[0.9][0] > 0.9
    assert shares[0.1][0] < shares[0.1][1] < shares[0.9][1]


def test_it_is_the_same_every_time_and_leaves_the_state_alone():
    detection = Detection(0.5)
    world, activity = workspace(40, 0.6)
    progress = folded(world, activity, detection)
    before = {one.name: one.save(progress.states[one.name]) for one in detection.detectors}
    first = injecting.found(world, activity, LAST, detection, progress)
    assert injecting.found(world, activity, LAST, detection, progress) == first
    for one in detection.detectors:
        after = one.save(progress.states[one.name])
        assert all(np.array_equal(after[name], before[one.name][name]) for name in after)


@pytest.mark.parametrize("kept", injecting.KEPT)
def test_what_is_left_of_a_drop(kept):
    world, activity = workspace(20, 0.8)
    onset = LAST - 60
    changed = inject(activity, [Injection(7, onset, kept, 20)], 1)
    mine, others = activity.key == pack(7, ALL_NUMBER), activity.key != pack(7, ALL_NUMBER)
    fallen = mine & (activity.day >= onset) & (activity.day <= onset + injecting.LATE)
    assert changed.users[fallen].sum() == pytest.approx(kept * activity.users[fallen].sum(), rel=0.25, abs=0)
    assert np.array_equal(changed.users[others], activity.users[others])
    assert np.array_equal(changed.users[mine & ~fallen], activity.users[mine & ~fallen])
    assert changed.users.sum() == len(changed.seen_user)
    assert len(world.accounts) == 20


def test_few_are_down_at_a_time():
    world, activity = workspace(200, 0.5)
    drawn = draw(world, activity, LAST, 1)
    assert 30 <= len({one.account for one in drawn}) == len(drawn) <= 80
    down = [sum(0 <= day - one.onset <= injecting.LATE for one in drawn) for day in range(FIRST, LAST + 1)]
    assert max(down) <= 40

"""New accounts: from when they are judged, what is expected of them, and how sure that is."""

import copy

import numpy as np
import pytest

from schemas.coverage import FROM
from streams import newcomers
from streams.detectors.behavior_dropped import BehaviorDropped
from streams.detectors.examples import days_of
from streams.newcomers import Doubt, Young

DAYS, PEERS, BORN = 260, 20, 202
WEEK = np.array([1, 1, 1, 1, 1, 0.1, 0.1])


def onboarding(age):
    """Twice as much on the first day as later, when it has settled."""
    return np.where(age < 0, 0, 1 + np.exp(-age / 30))


def world(*newest, seed=1):
    """Settled accounts, one a week that begins and settles, and last the `newest`: what each is to do a day."""
    rng, day = np.random.default_rng(seed), np.arange(DAYS)
    settled = np.geomspace(1, 30, PEERS)[:, None] * np.ones(DAYS)
    later = [
        size * onboarding(day - begin) for begin, size in zip(range(20, 190, 7), np.geomspace(2, 20, 25), strict=False)
    ]
    return rng.poisson(np.concatenate([settled, later, *[[one] for one in newest]]) * WEEK[(day + 3) % 7])


def steps(users, state=None, first=0, detector=None):
    detector = detector or BehaviorDropped()
    state = detector.initial() if state is None else state
    for day in days_of(users, first):
        state, verdicts = detector.step(state, day)
        yield day.date, state, verdicts


def new(size, until=DAYS):
    day = np.arange(DAYS)
    return np.where(day < until, size * onboarding(day - BORN), 0)


def test_a_new_account_is_judged_from_its_seventh_day_on():
    judged = [date for date, _, verdicts in steps(world(new(8))) if verdicts.judged[-1]]
    assert judged[0] == BORN + FROM - 1


def test_a_thin_one_is_judged_once_enough_is_due():
    judged = [date for date, _, verdicts in steps(world(new(0.3))) if verdicts.judged[-1]]
    assert judged[0] > BORN + FROM


@pytest.mark.parametrize("until", [BORN + 9, BORN + 30])
def test_a_new_account_that_stops_is_told_of_within_a_week(until):
    crossed = [date for date, _, verdicts in steps(world(new(8, until))) if verdicts.crosses[-1]]
    assert until <= crossed[0] < until + 7


def test_its_alert_knows_how_many_events_were_due():
    until, detector = BORN + 9, BehaviorDropped()
    for _, state, verdicts in steps(world(new(8, until)), detector=detector):
        if verdicts.crosses[-1]:
            case = detector.case(state, PEERS + 25)
            break
    assert case.events_expected == pytest.approx(3 * case.expected, rel=0.3)  # everyone does three a day
    assert case.onset == pytest.approx(until, abs=1)


def test_what_settles_as_its_peers_did_is_no_drop():
    crossed = np.zeros(5, bool)
    for date, _, verdicts in steps(world(*[new(size) for size in (1, 3, 9, 27, 81)])):
        crossed |= verdicts.crosses[-5:] & (date >= BORN)
    assert not crossed.any()


def test_the_expectation_follows_the_peers_curve():
    users = world(*[new(60)])
    mean = np.zeros(DAYS)
    for date, state, _ in steps(users):
        mean[date] = state.recent.mean[date % 42, -1]
    for first, last in ((7, 14), (14, 28), (28, 60)):
        days = slice(BORN + first, BORN + last)
        assert mean[days].sum() == pytest.approx((new(60) * WEEK[(np.arange(DAYS) + 3) % 7])[days].sum(), rel=0.15)


def test_the_prior_leans_on_the_group_and_the_group_on_everyone():
    level, settled = np.array([9.0, 11, 10, 1, 1]), np.ones(5, bool)
    mean, strength = newcomers.prior(level, settled, np.array([0, 0, 0, 1, 1]), 3)
    assert mean[1] < mean[2] < mean[0]
    assert (strength > 0).all()


def test_a_group_without_anyone_settled_has_a_prior_too():
    mean, strength = newcomers.prior(np.array([5.0]), np.zeros(1, bool), np.zeros(1, np.int64), 1)
    assert mean > 0
    assert strength > 0


def test_a_key_does_not_teach_itself():
    seen, due = np.zeros((4, 2), np.float32), np.zeros((4, 2), np.float32)
    due[0], seen[0] = [500, 500], [500, 50]  # the second fell
    at, band, peers = np.arange(2), np.zeros(2, np.int64), np.zeros(2, np.int64)
    first, second = newcomers.curve(seen, due, at, band, peers, 1)
    assert first < 0.5
    assert second > 0.9


def test_the_less_is_known_the_wider():
    doubt = Doubt.initial(4)
    young = Young(np.array([0, 1]), np.array([0, 0]), np.ones(2), np.array([0.5, 0.01]), np.ones(2, bool))
    wide = doubt.widen(np.full((4, 3), 0.1), young)
    assert (wide[:, 0] > wide[:, 1]).all()
    assert (wide[:, 1] > wide[:, 2]).all()
    assert (wide[:, 2] == 0.1).all()


def test_doubt_is_what_young_keys_missed_by():
    rng, doubt = np.random.default_rng(1), Doubt.initial(1)
    young = Young(np.arange(50), np.ones(50, np.int64), np.ones(50), np.full(50, 0.01), np.ones(50, bool))
    for _ in range(400):
        due = np.full((1, 50), 40.0)
        rates = due * rng.gamma(1 / 0.16, 0.16, (1, 50))
        doubt.learn(np.full((1, 50), 0.05), young, rng.poisson(rates).astype(float), due)
    assert doubt.found[1, 0] == pytest.approx(0.16 - 0.05 - 0.01, abs=0.03)
    assert doubt.found[0, 0] != doubt.found[1, 0]


def test_a_restart_in_the_first_weeks_changes_nothing():
    users, detector = world(new(8, BORN + 20)), BehaviorDropped()
    whole = [verdicts.score for _, _, verdicts in steps(users)]
    first = list(steps(users[:, : BORN + 10]))
    state = detector.load(copy.deepcopy(detector.save(first[-1][1])))
    rest = [verdicts.score for _, _, verdicts in steps(users[:, BORN + 10 :], state, BORN + 10)]
    assert np.allclose(whole[BORN + 10 :], rest)

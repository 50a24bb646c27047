"""Accounts that lose their people, or their champion, or fall silent: stories told to the detectors, day by day."""

import numpy as np

from streams.detectors.account_silent import AccountSilent, SilentDay
from streams.detectors.base import OF_ACCOUNT, Day
from streams.detectors.users_gone import PeopleDay, UsersGone

DAYS = 200
FIRST = 20_454  # 2026-01-01


def weekdays(first=0, last=400, away=(), chance=1.0, seed=0):
    """The weekdays from `first` on and before `last` on which somebody comes; not on those of `away`."""
    rng = np.random.default_rng(seed)
    days = [day for day in range(first, last) if (FIRST + day + 3) % 7 < 5 and day not in away]
    return {day for day in days if rng.random() < chance}


def crowd(accounts=10, people=4, chance=0.8):
    """Accounts like it, whose people come as ever."""
    return [[weekdays(chance=chance, seed=10 * i + j) for j in range(people)] for i in range(accounts)]


def told(detector, accounts, days=DAYS, champions=(), began=None, heard=()):
    """What crosses on which day: (account, user or 0) to the first day; accounts are lists of people's days."""
    keys = np.arange(1, len(accounts) + 1, dtype=np.int64) << 32
    blank, found, state = np.zeros(len(keys), np.int64), {}, detector.initial()
    for day in range(days):
        pairs = [(i, 100 * i + j + 1) for i, people in enumerate(accounts) for j, of in enumerate(people) if day in of]
        seen, who = (np.array(column, np.int64) for column in zip(*pairs, strict=True)) if pairs else (blank[:0],) * 2
        users = np.bincount(seen, minlength=len(keys)).astype(float)
        kind = np.full(len(keys), (FIRST + day + 3) % 7)
        columns = (FIRST + day, True, keys, users, users, kind, blank, 1, seen, who)
        start = np.full(len(keys), -1) if began is None else FIRST + np.array(began)
        today: Day = PeopleDay(*columns, champions=np.array(champions, np.int64), began=start)
        if isinstance(detector, AccountSilent):
            today = SilentDay(*columns, heard=np.array([0] if day in heard else [], np.int64))
        state, verdicts = detector.step(state, today)
        for key in verdicts.keys[verdicts.crosses].tolist():
            found.setdefault((key >> 32, key & OF_ACCOUNT), day)
    return found, state


def names(detector, state, key):
    at = int(np.searchsorted(np.sort(np.concatenate([state.whole.keys, state.keys])), key))
    return {row[0] for row in detector.case(state, at).extra["gone"]}


def test_one_after_the_other_stops_and_they_are_named():
    acme = [weekdays(last=last) for last in (140, 140, 160, 400)]
    detector = UsersGone()
    found, state = told(detector, [acme, *crowd()])
    assert 140 < found[1, 0] < 175
    assert names(detector, state, 1 << 32) == {1, 2, 3}
    assert [account for account, user in found if not user] == [1]


def young(start, stays, leaves):
    """An account that starts with people who stay, and others who leave after five weeks."""
    return [weekdays(first=start, last=400 if i < stays else start + 35) for i in range(stays + leaves)]


def test_settling_as_the_others_settle_is_quiet():
    starts = [20 + 4 * i for i in range(15)]
    others = [young(start, 4, 2) for start in starts]
    found, _ = told(UsersGone(), [young(100, 4, 2), *others], began=[100, *starts])
    assert (1, 0) not in found


def test_settling_that_is_unusual_is_not():
    starts = [20 + 4 * i for i in range(15)]
    others = [young(start, 6, 0) for start in starts]
    found, _ = told(UsersGone(), [young(100, 3, 3), *others], began=[100, *starts])
    assert 135 < found[1, 0] < 190


def test_the_champion_leaves_while_others_stay():
    acme = [weekdays(last=150), *(weekdays(chance=0.3, seed=i) for i in range(4))]
    found, _ = told(UsersGone(), [acme, *crowd()])
    assert 155 < found[1, 1] < 185


def test_a_named_champion_need_not_lead():
    acme = [weekdays(), weekdays(last=150), weekdays()]
    found, _ = told(UsersGone(), [acme, *crowd()], champions=[2])
    assert 155 < found[1, 2] < 185


def test_two_weeks_of_vacation_are_no_leave():
    away = range(140, 154)
    acme = [weekdays(away=away), weekdays(chance=0.5, seed=1), weekdays(chance=0.4, seed=2)]
    pair = [weekdays(away=away), weekdays()]
    found, _ = told(UsersGone(), [acme, pair, *crowd()])
    assert found == {}


def test_of_two_one_is_lost():
    found, _ = told(UsersGone(), [[weekdays(last=140), weekdays()], *crowd()])
    assert 150 < found[1, 0] < 180


def test_who_is_replaced_is_no_loss():
    acme = [weekdays(last=140), weekdays(last=140), weekdays(), weekdays(first=141), weekdays(first=143)]
    found, _ = told(UsersGone(), [acme, *crowd()])
    assert (1, 0) not in found


def silent(days, **more):
    found, _ = told(AccountSilent(), [[set(days)], *crowd(people=1)], days=320, **more)
    return found.get((1, 0))


def test_a_thin_account_is_silent_by_its_own_cadence():
    came = range(0, 201, 10)
    assert 200 + 22 < silent(came) < 300


def test_a_daily_account_is_silent_much_sooner():
    assert 200 < silent(weekdays(last=200)) < 225


def test_a_signal_is_a_sign_of_life():
    assert silent(range(0, 201, 10), heard=range(210, 320, 10)) is None


def test_few_gaps_are_too_few_to_judge():
    assert silent([100, 110, 120]) is None

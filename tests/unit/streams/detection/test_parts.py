"""Calibration, loading, evidence and coverage on small cases worked out by hand."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.behaviors import Definition
from schemas.clock import HOUR_MS, to_ms
from schemas.windows import encode_users
from streams import calibration
from streams.baselines import HOLIDAY
from streams.calendar import day_number, day_of, kinds_of, region_of
from streams.calibration import Calibration
from streams.evaluating import loading
from streams.evaluating.activity import gather, pack
from streams.evaluating.world import World, account_of_traits, judged
from streams.evidence import interval, probability_gone
from streams.sentences import change_of


def test_thresholds_keep_the_budget_on_the_history_they_saw():
    counted = Calibration()
    rng = np.random.default_rng(1)
    counted.years[:] = 1000
    scores = calibration.bin_of(-np.log10(rng.uniform(size=20_000)))
    np.add.at(counted.counts, (np.full(20_000, 5), scores), 1)
    limit = calibration.thresholds(calibration.rates(counted), 0.5)[5]
    assert (scores * calibration.STEP >= limit).sum() / 1000 <= 0.5
    assert limit == pytest.approx(np.log10(20_000 / 500), abs=0.15)


def test_an_unknown_workspace_starts_cautious():
    assert (calibration.thresholds(calibration.rates(Calibration()), 0.5) > 2.5).all()


def test_a_smaller_budget_never_lowers_a_threshold():
    limits = [calibration.thresholds(calibration.rates(Calibration()), budget) for budget in (2, 0.5, 0.1)]
    assert (limits[0] <= limits[1]).all()
    assert (limits[1] <= limits[2]).all()


def test_a_higher_score_is_never_less_rare():
    found = calibration.rates(Calibration())
    assert (np.diff(found, axis=1) <= 0).all()


def judged_after(day, counted, clean, fallen, stratum=5):
    keys = np.array([1 << 32])
    then = np.array([stratum])
    calibration.judge(counted, day + calibration.HINDSIGHT, keys, np.array([clean]), then, fallen)


def noted(counted, day, score):
    keys, stratum = np.array([1 << 32]), np.array([5])
    calibration.note(counted, day, keys, stratum, np.array([score]), np.zeros(1))


def test_what_hindsight_shows_to_be_nothing_counts():
    counted, fallen = Calibration(), np.zeros(1, np.int64)
    noted(counted, 100, 5.0)
    judged_after(99, counted, True, fallen)
    assert counted.counts.sum() == 0
    assert len(counted.waiting["day"]) == 1
    judged_after(100, counted, True, fallen)
    assert counted.counts[5, calibration.bin_of(np.float64(5))] == 1
    assert not len(counted.waiting["day"])


def test_who_fell_counts_for_nothing_while_its_level_follows():
    counted, fallen = Calibration(), np.zeros(1, np.int64)
    noted(counted, 100, 9.0)
    judged_after(100, counted, False, fallen)
    years = counted.years.sum()
    for day in (130, 180):
        noted(counted, day, 9.0)
        judged_after(day, counted, True, fallen)
    assert counted.counts.sum() == 0
    assert counted.years.sum() == years
    noted(counted, 230, 9.0)
    judged_after(230, counted, True, fallen)
    assert counted.counts[5, calibration.bin_of(np.float64(9))] == 1
    assert counted.years.sum() > years


def test_who_was_not_judged_then_does_not_count():
    counted = Calibration()
    noted(counted, 100, 5.0)
    judged_after(100, counted, True, np.zeros(1, np.int64), stratum=-1)
    assert counted.counts.sum() == counted.years.sum() == 0


sets = st.lists(st.sets(st.integers(1, 2**32 - 1), max_size=60), max_size=12)


@given(sets)
def test_unpacking_is_what_was_encoded(members):
    parts = [encode_users(found) for found in members]
    data = np.frombuffer(b"".join(parts), np.uint8)
    owners, numbers = loading.unpack(data, np.array([len(part) for part in parts], np.int64))
    pairs = set(zip(owners.tolist(), numbers.tolist(), strict=True))
    assert pairs == {(i, number) for i, found in enumerate(members) for number in found}


rows = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.sets(st.integers(1, 6), max_size=4)), max_size=30)


@given(rows)
def test_gathering_counts_each_user_once_a_day(parts):
    days = np.array([day for day, _, _ in parts], np.int64)
    keys = np.array([key for _, key, _ in parts], np.int64)
    owners = np.array([i for i, (_, _, who) in enumerate(parts) for _ in who], np.int64)
    users = np.array([user for _, _, who in parts for user in sorted(who)], np.int64)
    found = gather(days, days, keys, np.ones(len(parts), np.int64), owners, users)
    wanted = {}
    for day, key, who in parts:
        wanted.setdefault((day, key), set()).update(who)
    assert list(zip(found.day.tolist(), found.key.tolist(), strict=True)) == sorted(wanted)
    assert found.users.tolist() == [len(wanted[place]) for place in sorted(wanted)]
    assert found.events.sum() == len(parts)
    for key in range(4):
        days, users = found.presences(key, 1, 2)
        assert set(zip(days.tolist(), users.tolist(), strict=True)) == {
            (day, user) for (day, of), who in wanted.items() if of == key and 1 <= day <= 2 for user in who
        }


def test_a_local_day_has_23_hours_when_the_clocks_go_forward():
    account = account_of_traits(1, "a", {"time_zone": "Europe/Berlin"})
    world = World(1, {1: account}, {0: "*"}, {}, np.empty(0, np.int64))
    first = to_ms(datetime(2026, 3, 27, tzinfo=UTC)) // HOUR_MS
    hours = np.arange(first, first + 96)
    day = day_number(day_of(0).replace(year=2026, month=3, day=29))
    found, times = loading.local_hours(world, np.ones(96, np.int64), hours, day - 1, day + 1)
    assert times[found == day].tolist() == list(range(23))
    assert [(found == day + i).sum() for i in (-1, 0, 1)] == [24, 23, 24]


def test_a_day_is_over_when_it_is_over_everywhere():
    zones = ("Asia/Tokyo", "America/Los_Angeles")
    accounts = {i: account_of_traits(i, zone, {"time_zone": zone}) for i, zone in enumerate(zones)}
    world = World(1, accounts, {0: "*"}, {}, np.empty(0, np.int64))
    day = day_number(datetime(2026, 1, 10, tzinfo=UTC).date())
    assert loading.last_closed(world, to_ms(datetime(2026, 1, 11, 7, tzinfo=UTC))) == day - 1
    assert loading.last_closed(world, to_ms(datetime(2026, 1, 11, 8, tzinfo=UTC))) == day


def test_holidays_by_region():
    day = day_number(datetime(2026, 10, 3, tzinfo=UTC).date())
    assert kinds_of(day, ["DE", "US"]).tolist() == [HOLIDAY, 5]
    assert [region_of(traits) for traits in ({"country": "de"}, {"region": "EMEA"}, {"region": "DE-BY"}, {})] == [
        "DE", "", "DE-BY", "",
    ]  # fmt: skip


def test_the_interval_holds_95_of_100():
    rng = np.random.default_rng(1)
    low, high = interval(52, 0.02)
    drawn = rng.negative_binomial(50, 50 / (50 + 52), 100_000)
    assert ((drawn >= low) & (drawn <= high)).mean() == pytest.approx(0.95, abs=0.015)


@given(st.integers(0, 400), st.floats(0.001, 1))
def test_the_chance_that_somebody_is_gone_grows_with_time(days, share):
    assert 0 <= probability_gone(days, share) <= probability_gone(days + 1, share) <= 1


def test_changes_are_said_in_percent():
    assert [change_of(ratio).replace("\N{MINUS SIGN}", "-") for ratio in (0.17, 1.04, 1.0)] == ["-83 %", "+4 %", "±0 %"]


DECLARED = {"*": {}, "login": {}, "report": {"key": True}, "invite": {"due_day": 30}}


def test_only_the_whole_and_declared_behaviors_are_judged():
    declared = [Definition(name=name, events=(name,), **more) for name, more in DECLARED.items()]
    assert judged(dict(enumerate(declared))) == {0: "*", 2: "report", 3: "invite"}


def test_segments_by_a_chosen_trait():
    assert account_of_traits(1, "a", {"plan": "pro", "tier": 2}, by="tier").segment == "tier:2"
    assert account_of_traits(1, "a", {"plan": "pro"}, by="tier").segment == "plan:pro"
    assert account_of_traits(1, "a", {"plan": "pro"}, by="everyone").segment == "everyone"


def test_days_nobody_watched_are_long_gaps_inside_what_was_done_at_one_go():
    busy = np.array([10, 11, 20])
    assert loading.unwatched(busy, []) == set()
    assert loading.unwatched(busy, [[10, 20]]) == set(range(12, 20))
    assert loading.unwatched(np.array([10, 12, 15]), [[10, 15]]) == set()


def test_keys_are_account_and_behavior():
    assert pack(np.array([1]), np.array([0])).tolist() == [1 << 32]

"""Drops put into real histories: who may drop, that drops in one run stay apart, and what they leave."""

from datetime import date, timedelta

import numpy as np
import pytest

from benchmarks.detection.injecting import APART, LENGTH, Injection, batches, draw, eligible, keep, read_history
from benchmarks.detection.real import matching, rate, real

DAYS = 1500
FIRST = date(2015, 1, 1)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """Three busy companies and a quiet one, two rows for each person and day; the last line without its end."""
    rng, lines = np.random.default_rng(1), []
    for company, chance in {"busy-a": 0.5, "busy-b": 0.4, "busy-c": 0.45, "quiet": 0.01}.items():
        for person, day in np.argwhere(rng.random((4, DAYS)) < chance):
            when = FIRST + timedelta(int(day))
            lines += [f"{when}T{hour:02d}:00:00Z,{company},{company}-{person},commit,x" for hour in (9, 15)]
    path = tmp_path_factory.mktemp("real") / "activity.csv"
    path.write_text("time,account,user,behavior,project\n" + "\n".join(sorted(lines)))
    return path


@pytest.fixture(scope="module")
def history(file):
    return read_history(file)


def test_only_busy_companies_may_drop_and_only_once_they_have_been_so(history):
    may = eligible(history.activity())
    assert history.accounts[3] == "quiet"
    assert not may[3].any()
    assert not may[:, :40].any()
    assert may[:3, 120:].all()


def test_whole_days_of_a_person_stay_or_go(history):
    drops = [Injection(0, 500, "silent"), Injection(1, 700, "thinned")]
    kept = keep(history, drops, np.random.default_rng(1))
    before, after = history.activity().users, history.activity(kept).users
    assert after[0, 500 : 500 + LENGTH].sum() == 0
    assert after[1, 700 : 700 + LENGTH].sum() / before[1, 700 : 700 + LENGTH].sum() == pytest.approx(0.3, abs=0.06)
    untouched = np.ones(before.shape, dtype=bool)
    untouched[0, 500 : 500 + LENGTH] = untouched[1, 700 : 700 + LENGTH] = False
    assert (before == after)[untouched].all()
    assert np.bincount(history.day[kept & (history.account == 1)])[700:850].max() % 2 == 0


def test_drops_of_one_run_do_not_meet(history):
    may = eligible(history.activity())
    drops = draw(may, 20, np.random.default_rng(3))
    shared = list(batches(drops, may))
    assert sorted(map(id, drops)) == sorted(id(drop) for batch in shared for drop in batch)
    for batch in shared:
        for i, one in enumerate(batch):
            for other in batch[:i]:
                apart = abs(one.day - other.day)
                assert apart >= (APART if one.account == other.account else LENGTH)


def test_the_rows_are_written_as_they_stood(history, tmp_path):
    history.write(tmp_path / "all.csv.zst", np.ones(len(history.day), dtype=bool))
    assert read_history(tmp_path / "all.csv.zst").lines == history.lines


def test_alerts_count_where_a_company_might_have_dropped():
    may = np.zeros((2, 365), dtype=bool)
    may[0] = True
    assert rate([(0, 10), (0, 20), (0, 30), (1, 30)], may) == pytest.approx(2.0)


def test_the_budget_is_matched_to_what_it_realizes():
    assert matching(lambda budget: 0.6 * budget, 0.5) == pytest.approx(0.5 / 0.6)


def test_the_rule_finds_silence_in_a_real_history(file):
    (rule,) = real(file, 6, 0.5, 1, None)
    assert rule.far <= 0.5
    assert rule.recall["silent"][1] > 0.8
    assert rule.recall["thinned"][0] <= rule.recall["thinned"][1]

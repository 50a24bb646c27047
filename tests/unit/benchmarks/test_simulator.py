"""Simulated worlds: the same ones every time, in the agreed files, and true to what they say of themselves."""

import json
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.detection.activity import read, read_accounts
from benchmarks.detection.simulator import WORLDS, simulate
from benchmarks.detection.simulator.parameters import TYPES, World
from benchmarks.detection.simulator.writing import truth, write

SMALL = World(accounts=150)
PLAIN = replace(SMALL, turnover=0.01, vacations=0.0, wobble=0.0, day_noise=0.0, drift=0.0, falls=0.0, outages=0.0)


def user_days(made):
    """Distinct users by account and day."""
    users = np.zeros((made.world.accounts, made.world.days))
    found = np.unique(np.column_stack((made.person, made.second // 86_400)), axis=0)
    np.add.at(users, (made.people.account[found[:, 0]], found[:, 1]), 1)
    return users


def test_a_seed_makes_the_same_files_again(tmp_path):
    for folder in ("a", "b"):
        write(simulate(SMALL, 5), tmp_path / folder)
    write(simulate(SMALL, 6), tmp_path / "c")
    for name in ("events.csv.zst", "accounts.csv", "truth.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
        assert (tmp_path / "a" / name).read_bytes() != (tmp_path / "c" / name).read_bytes()


def test_the_files_hold_what_was_simulated(tmp_path):
    made = simulate(SMALL, 1)
    write(made, tmp_path)
    segments = read_accounts(tmp_path / "accounts.csv")
    activity = read(tmp_path / "events.csv.zst", SMALL.start_date, SMALL.days, segments)
    assert (activity.users == user_days(made)).all()
    told = json.loads((tmp_path / "truth.json").read_text())["accounts"]
    assert {name: account["segment"] for name, account in told.items()} == segments


@pytest.mark.parametrize("name", WORLDS)
def test_every_world_is_alive_and_consistent(name):
    world = replace(WORLDS[name], accounts=60)
    made = simulate(world, 3)
    day = made.second // 86_400
    assert len(day) > 1000
    assert day.max() < world.days
    assert (np.diff(made.second) >= 0).all()
    assert (day >= made.people.join[made.person]).all()
    assert (day < made.people.leave[made.person]).all()
    for account in truth(made)["accounts"].values():
        assert (account["drop"] is None) == (account["onset"] is None)
        if account["drop"]:
            assert account["onset"] >= max(world.eval_from, account["start"] + world.warmup)
        assert account["drop"] != "champion" or account["size"] != "1"
        assert all(start < end <= world.days for start, end in account["ambiguous"])


def test_drops_leave_what_their_name_says():
    made = simulate(replace(PLAIN, accounts=1200, month_end=0.0, pauses=0.0, new_accounts=0.0, season=0.0), 2)
    users, accounts = user_days(made), made.accounts
    left = {}
    for kind, name in enumerate(TYPES):
        chosen = np.flatnonzero(accounts.drop == kind)
        spans = [
            (users[a, t - 56 : t].sum(), users[a, t + 45 : t + 60].sum() * 56 / 15)
            for a, t in zip(chosen, accounts.onset[chosen], strict=True)
        ]
        before, after = np.sum(spans, axis=0)
        left[name] = after / before
    assert left["silence"] == 0
    assert left["abrupt30"] == pytest.approx(0.3, abs=0.08)
    assert left["abrupt50"] == pytest.approx(0.5, abs=0.1)
    assert left["gradual"] == pytest.approx(0.25, abs=0.08)
    assert 0.15 < left["userloss"] < 0.6
    assert 0.1 < left["champion"] < 0.6


def test_a_pause_ends_as_it_began_and_is_no_drop():
    made = simulate(replace(PLAIN, pauses=5.0, drops=0.0), 4)
    users = user_days(made)
    busy = np.flatnonzero((users.mean(axis=1) > 3) & (made.accounts.start == 0))
    idle = np.array([(np.convolve(users[a] == 0, np.ones(9)) >= 9).any() for a in busy])
    assert idle.mean() > 0.8
    assert all(account["drop"] is None for account in truth(made)["accounts"].values())


def test_an_outage_lets_almost_nothing_through():
    made = simulate(replace(SMALL, accounts=600, outages=20.0, vacations=0.0), 7)
    users = user_days(made)
    whole = [s for s in made.shocks if s.kind == "outage" and s.hours == (0, 24)]
    assert whole
    for shock in whole:
        hit = made.accounts.segment == shock.segment
        ordinary = users[hit].sum() / made.world.days
        assert users[hit, shock.start].sum() < 0.5 * ordinary

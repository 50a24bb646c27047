"""The usual rules see what they should; the alert machine and the tuning keep their word."""

import doctest
import json
from datetime import date

import numpy as np
import pytest

from benchmarks.detection import machine
from benchmarks.detection.__main__ import main
from benchmarks.detection.activity import Activity, read
from benchmarks.detection.peers import BOCPD, EWMA, FOUR_WEEKS, PEERS, WEEK, rule
from benchmarks.detection.peers.span_over_span import SHIPPED, fall
from benchmarks.detection.simulator import World, simulate
from benchmarks.detection.simulator.writing import write
from benchmarks.detection.truth import read_truth
from benchmarks.detection.tuning import tune

DAYS, ONSET = 200, 150


@pytest.fixture(scope="module")
def activity():
    """Forty steady accounts of eight people, fewer on weekends; the first falls to a fifth."""
    usual = np.where(np.arange(DAYS) % 7 < 5, 6.0, 1.0) * np.ones((40, 1))
    usual[0, ONSET:] *= 0.2
    users = np.random.default_rng(2).poisson(usual)
    return Activity([f"a{i}" for i in range(40)], date(2024, 1, 1), users, np.arange(40) % 4)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    write(simulate(World(accounts=200, sizes=((4, 10, 1.0),)), 3), folder)
    return folder


@pytest.mark.parametrize("name", [module.__name__ for module in (machine, rule)])
def test_examples_hold(name):
    assert doctest.testmod({module.__name__: module for module in (machine, rule)}[name]).failed == 0


@pytest.mark.parametrize("peer", [EWMA, BOCPD], ids=lambda peer: peer.name)
def test_a_fall_stands_out_from_everything_before_it(activity, peer):
    for setting in peer.settings:
        scores = peer.score(activity, **setting)
        assert scores[0, ONSET : ONSET + 21].max() > np.nanmax(scores[:, 60:ONSET])


def test_span_over_span_compares_with_as_many_days_before(activity):
    assert fall(activity, 7)[0, ONSET + 6] > SHIPPED
    assert fall(activity, 28)[0, ONSET + 27] > 0.7
    assert fall(activity, 28)[:, 60:ONSET].max() < 0.4


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_a_score_knows_nothing_of_the_future(activity, peer):
    cut = Activity(activity.accounts, activity.first, activity.users[:, :120], activity.segment)
    setting = peer.settings[0]
    assert np.array_equal(peer.score(cut, **setting), peer.score(activity, **setting)[:, :120])


def test_the_machine_opens_once_until_it_re_arms():
    score = np.zeros((1, 60))
    score[0, [5, 9, 12, 30, 38]] = 1
    assert machine.run(score, 0.5) == [(0, 5), (0, 30)]


@pytest.mark.parametrize("peer", [WEEK, FOUR_WEEKS, EWMA], ids=lambda peer: peer.name)
def test_tuning_stays_within_the_rate_and_finds_drops(world, peer):
    truth = read_truth(world / "truth.json")
    segments = dict(zip(truth.accounts, truth.segment, strict=True))
    tuned = tune(peer, read(world / "events.csv.zst", truth.first, truth.days, segments), truth, [0.5, 2.0])
    assert tuned[0.5].score.far <= 0.5
    assert tuned[2.0].score.far <= 2.0
    assert tuned[2.0].score.r42 > tuned[0.5].score.r42 > 0


def test_the_command_prints_a_table_and_draws_a_picture(tmp_path, capsys, monkeypatch):
    world, picture = tmp_path / "world", tmp_path / "plot.svg"
    write(simulate(World(accounts=40, days=260), 3), world)
    arguments = ["compare", "--world", str(world), "--budget", "0.5", "--peers-only", "--plot", str(picture)]
    monkeypatch.setattr("sys.argv", ["benchmarks.detection", *arguments])
    assert main() == 0
    printed, told = capsys.readouterr().out, json.loads((world / "truth.json").read_text())
    assert all(peer.name in printed for peer in PEERS)
    assert all(size in printed for size in {account["size"] for account in told["accounts"].values()})
    assert picture.read_text().count("<title>") == len(PEERS)

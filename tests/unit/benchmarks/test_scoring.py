"""The scorer agrees with the published definition, on any alerts."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.detection.scoring import read_alerts, score
from benchmarks.detection.simulator import World, simulate
from benchmarks.detection.simulator.writing import truth
from benchmarks.detection.truth import read_truth

_spec = importlib.util.spec_from_file_location("reference", Path(__file__).with_name("reference.py"))
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
reference = _module.reference


@pytest.mark.parametrize("accounts", [40, 700])
@pytest.mark.parametrize("share", [0.0, 0.002, 0.05])
def test_the_measures_agree_with_their_definition(tmp_path, accounts, share):
    told = truth(simulate(World(accounts=accounts, sizes=((1, 1, 0.5), (4, 10, 0.5))), 8))
    path = tmp_path / "truth.json"
    path.write_text(json.dumps(told))
    known = read_truth(path)
    rng = np.random.default_rng(1)
    alerts = [(int(a), int(d)) for a, d in np.argwhere(rng.random((accounts, known.days)) < share)]
    alerts += [(a, int(known.onset[a]) + a % 60) for a in range(0, accounts, 2) if known.drop[a]]
    got = score(known, alerts)
    wanted = reference(told, [(known.accounts[account], day) for account, day in alerts])
    assert (got.far, got.r14, got.r42, got.storm, got.precision) == pytest.approx(wanted)


def test_alerts_of_segments_and_strangers_are_left_out(tmp_path):
    told = truth(simulate(World(accounts=5), 1))
    (tmp_path / "truth.json").write_text(json.dumps(told))
    known = read_truth(tmp_path / "truth.json")
    day = np.datetime64(known.first) + 200
    lines = [
        {"account": known.accounts[3], "fired_at": f"{day}T00:00:00Z"},
        {"account": "nobody", "fired_at": f"{day}"},
        {"segment": "seg-01", "fired_at": f"{day}"},
    ]
    (tmp_path / "alerts.ndjson").write_text("\n".join(map(json.dumps, lines)) + "\n\n")
    assert read_alerts(tmp_path / "alerts.ndjson", known.accounts, known.first) == [(3, 200)]

"""What the budget means here, said after each monthly calibration from what the fold knows by then. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from schemas.calibrations import FoundOfSize, KindCalibrated, Meaning, Threshold
from schemas.coverage import Rows, Status
from streams import calibration
from streams.detectors.base import Ints
from streams.evaluating import injecting
from streams.evaluating.activity import Activity
from streams.evaluating.folding import Detection, Progress
from streams.evaluating.world import World


def judged(coverage: Mapping[str, Rows]) -> Ints:
    """The numbers of the accounts that some kind judges, sorted."""
    numbers = [rows["account"][rows["status"] == Status.JUDGED].astype(np.int64) for rows in coverage.values()]
    found: Ints = np.unique(np.concatenate([np.empty(0, np.int64), *numbers]))
    return found


def sampled(world: World, accounts: Ints) -> World:
    """The world of a sample of its accounts."""
    chosen = injecting.sample(accounts, seed=world.workspace).tolist()
    kept = {number: world.accounts[number] for number in chosen if number in world.accounts}
    return replace(world, accounts=kept, spells={n: spells for n, spells in world.spells.items() if n in kept})


def meaning(sample: World, activity: Activity, progress: Progress, detection: Detection) -> Meaning:
    """What a calibration means; `activity` is the sample's over the last `injecting.DAYS` days."""
    found = injecting.found(sample, activity, progress.day, detection, progress)
    return Meaning(
        rules=detection.rules.name,
        budget=detection.budget,
        accounts=len(judged(progress.coverage or {})),
        kinds=tuple(_kinds(detection, progress.states)),
        found=tuple(FoundOfSize(calibration.label(one.stratum), *one[1:]) for one in found),
    )


def _kinds(detection: Detection, states: Mapping[str, Any]) -> list[KindCalibrated]:
    found = []
    for kind in detection.looked_for:
        rests = kind.calibrated(states[kind.detector.name])
        if rests is None:
            continue
        labeled = zip(map(calibration.label, range(calibration.STRATA)), rests.thresholds.tolist(), strict=True)
        thresholds = tuple(Threshold(size, round(limit, 2)) for size, limit in labeled)
        times, years = calibration.reached(rests.calibration, rests.thresholds)
        rate = round(times / years, 3) if years else None
        found.append(KindCalibrated(kind.kind, thresholds, rate, round(years, 1)))
    return found

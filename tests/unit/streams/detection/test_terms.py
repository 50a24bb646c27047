"""What rules do to the kinds that are looked for."""

from types import SimpleNamespace
from typing import Any

import pytest

from schemas.rules import parse
from streams.evaluating.folding import Detection
from streams.evaluating.kinds.base import Scene

LIVES: Any = {"segment_dropped": {0: object()}, "hourly_dropped": {2 << 32: 0}, "behavior_dropped": {1 << 32: object()}}


def seen(rules: str) -> dict[str, set[str]]:
    """Which other kinds' open alerts each kind sees."""
    detection, nothing = Detection(0.5, parse(rules)), SimpleNamespace()
    scene = Scene(nothing, nothing, nothing, {}, {}, LIVES)  # type: ignore[arg-type]
    found = {kind.detector.name: detection.seen_by(kind, scene).lives for kind in detection.kinds}
    return {name: {other for other, of in lives.items() if of} for name, lives in found.items()}


def test_what_nobody_is_told_of_holds_nothing_back() -> None:
    assert seen("")["behavior_dropped"] == set(LIVES)
    on_trial = {name: of for name, of in seen("kinds: {segment.dropped: {mode: shadow}}").items() if name in LIVES}
    accounts = {"hourly_dropped", "behavior_dropped"}
    assert on_trial == {"segment_dropped": set(LIVES), "hourly_dropped": accounts, "behavior_dropped": accounts}


def test_the_file_goes_before_the_workspace_s_setting() -> None:
    assert Detection(0.3, parse("budget: 0.2")).budget == 0.2
    assert Detection(0.3).budget == 0.3


def test_a_share_is_a_part_of_the_budget() -> None:
    detection = Detection(0.4, parse("kinds: {behavior.dropped: {share: 0.5}}"))
    budgets = {kind.detector.name: getattr(kind.detector, "budget", None) for kind in detection.kinds}
    assert budgets["behavior_dropped"] == pytest.approx(0.2)
    assert budgets["segment_dropped"] == 0.4


def test_verdicts_tune_a_kinds_share_and_no_other_s() -> None:
    detection = Detection(0.4, tuning={"behavior.dropped": 0.5, "segment.dropped": 0.25})
    budgets = {kind.detector.name: getattr(kind.detector, "budget", None) for kind in detection.kinds}
    usual = {kind.detector.name: getattr(kind.detector, "budget", None) for kind in Detection(0.4).kinds}
    changed = {name: budget / usual[name] for name, budget in budgets.items() if budget != usual[name]}
    assert changed == pytest.approx({"behavior_dropped": 0.5, "segment_dropped": 0.25})

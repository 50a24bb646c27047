"""What the budget means, as it is shown."""

from datetime import datetime

from api.models.common import Model, example

_SIZE = {"user_days_a_week": "4-8"}


class ThresholdShown(Model):
    """The score that accounts of a size (expected user-days a week) must reach."""

    user_days_a_week: str
    threshold: float


class KindCalibratedShown(Model):
    """One kind's thresholds, and how often they were reached in how many account-years where nothing was wrong."""

    kind: str
    thresholds: list[ThresholdShown]
    clean_alerts_a_year: float | None
    clean_years: float


class FoundShown(Model):
    """Of drops injected into this workspace's own past (silent, or thinned to 30 %), those found in time."""

    user_days_a_week: str
    injected: int
    in_14_days: int
    in_42_days: int


class CsmShown(Model):
    """What one customer-success manager is told of; null: of accounts without one.

    `alerts_a_week` is what the last quarter came to, `false_alerts_a_week` what the budget allows among them.
    """

    csm: str | None
    accounts: int
    judged: int
    alerts_a_week: float
    false_alerts_a_week: float | None


class Judged(Model):
    """How many accounts are judged, too thin to be, or without data; and their shares.

    `share` and `arr_share` are the shares of accounts and of ARR that are judged; null where there is none.
    """

    accounts: int
    too_thin: int
    no_data: int
    share: float | None
    arr_share: float | None
    arr_too_thin: float | None
    arr_no_data: float | None


class JudgedByKind(Judged):
    """The same for one kind of alert."""

    kind: str


class Calibration(Model):
    """The newest monthly calibration and what it means. Before the first, only who is judged and told is known."""

    model_config = example(
        month="2026-03-01T00:00:00Z", calibrated_at="2026-03-02T00:15:04Z", rules="2026-01", budget=0.5,
        kinds=[{"kind": "behavior.dropped", "thresholds": [_SIZE | {"threshold": 2.75}], "clean_alerts_a_year": 0.48,
                "clean_years": 310.5}],
        found=[_SIZE | {"injected": 24, "in_14_days": 12, "in_42_days": 20}],
        found_in_14_days=0.5, found_in_42_days=0.83, alerts_a_week=4.1, false_alerts_a_week=2.9,
        by_csm=[{"csm": "ada", "accounts": 120, "judged": 101, "alerts_a_week": 1.4, "false_alerts_a_week": 0.97}],
        judged=[{"kind": "behavior.dropped", "accounts": 101, "too_thin": 12, "no_data": 7, "share": 0.84,
                 "arr_share": 0.95, "arr_too_thin": 0.04, "arr_no_data": 0.01}],
        judged_by_any={"accounts": 108, "too_thin": 8, "no_data": 4, "share": 0.9, "arr_share": 0.97,
                       "arr_too_thin": 0.02, "arr_no_data": 0.01},
    )  # fmt: skip

    month: datetime | None
    calibrated_at: datetime | None
    rules: str | None
    budget: float | None
    kinds: list[KindCalibratedShown]
    found: list[FoundShown]
    found_in_14_days: float | None
    found_in_42_days: float | None
    alerts_a_week: float
    false_alerts_a_week: float | None
    by_csm: list[CsmShown]
    judged: list[JudgedByKind]
    judged_by_any: Judged | None

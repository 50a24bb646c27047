"""What a month's calibration means to people: thresholds, how often nothing was wrong, and the share of drops found."""

import msgspec


class Threshold(msgspec.Struct, frozen=True):
    """The score that accounts of a size (expected user-days a week) must reach."""

    user_days_a_week: str
    threshold: float


class KindCalibrated(msgspec.Struct, frozen=True):
    """One kind's thresholds, and how often keys reached them in `clean_years` of theirs in which nothing was wrong."""

    kind: str
    thresholds: tuple[Threshold, ...]
    clean_alerts_a_year: float | None
    clean_years: float


class FoundOfSize(msgspec.Struct, frozen=True):
    """Of drops injected into accounts of a size (half of them silent, half thinned to 30 %), those found in time."""

    user_days_a_week: str
    injected: int
    in_14_days: int
    in_42_days: int


class Meaning(msgspec.Struct, frozen=True):
    """A calibration of a workspace; `accounts` are those that are judged by some kind of alert on accounts."""

    rules: str
    budget: float
    accounts: int
    kinds: tuple[KindCalibrated, ...]
    found: tuple[FoundOfSize, ...]

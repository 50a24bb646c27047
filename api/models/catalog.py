"""Releases, segments and the pipeline's state as they are shown."""

from datetime import datetime

from pydantic import Field

from api.models.common import Model, example


class ReleaseShown(Model):
    """A marked release."""

    release: str
    released_at: datetime
    behaviors: list[str]
    accounts: list[str] | None
    notes: str | None
    recorded_at: datetime


class Segment(Model):
    """A band of a dimension, with a few figures.

    `judged` is the share of its accounts that are neither too thin to be judged nor without data, `judged_arr` that of
    their ARR (null where none is known).
    """

    model_config = example(
        segment="arr:10k-50k", dimension="arr", band="10k-50k", accounts=120, arr=3_100_000, open_alerts=2,
        judged=0.86, judged_arr=0.94,
    )  # fmt: skip

    segment: str
    dimension: str | None
    band: str | None
    accounts: int
    arr: float
    judged: float | None
    judged_arr: float | None
    open_alerts: int


class Segments(Model):
    """Every segment, the largest first."""

    items: list[Segment]


class Partition(Model):
    """How far one partition is folded; `lag_seconds` is the age of its last heartbeat."""

    topic: str
    partition: int
    next_offset: int
    heartbeat_at: datetime | None
    updated_at: datetime
    lag_seconds: float | None


class Status(Model):
    """How far the pipeline and this workspace's evaluation are."""

    now: datetime
    watermark: datetime | None
    evaluated_to: datetime | None
    dirty_from: datetime | None
    pending_from: datetime | None = Field(None, description="what an evaluation has taken over and not finished yet")
    history_dirty_from: datetime | None
    history_closed: bool
    partitions: list[Partition]
    counts: dict[str, int]

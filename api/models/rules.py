"""Rules as people judge and tune them."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from api.models.common import Model, example
from schemas.accounts import Id, Words


class Tuning(BaseModel):
    """A factor on the kind's share of the false-alarm budget; without one, what its verdicts suggest."""

    model_config = ConfigDict(extra="forbid") | example(factor=0.5, reason="8 of 12 were wrong")

    factor: Annotated[float, Field(ge=0.05, le=2)] | None = None
    reason: Annotated[Words, Field(min_length=1)] = "as the verdicts suggest"
    actor: Id | None = None


class Tuned(Model):
    """One change of a rule: what it was set to, by whom and why."""

    factor: float
    actor: str
    reason: str
    recorded_at: datetime


class RuleShown(Model):
    """A kind's rule: how people judged its alerts (known counts as right), and how it is tuned; newest change first."""

    model_config = example(
        kind="behavior.dropped", judged=12, right=4, wrong=8, precision=0.3333, tunable=True, factor=1.0,
        suggested=0.45, history=[],
    )  # fmt: skip

    kind: str
    judged: int
    right: int
    wrong: int
    precision: float | None
    tunable: bool
    factor: float
    suggested: float | None
    history: list[Tuned]


class RulesShown(Model):
    """Every kind that is looked for."""

    items: list[RuleShown]

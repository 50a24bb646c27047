"""Silences as they are sent and shown."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

import msgspec
from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.models.common import Model, example
from schemas.accounts import Id, Moment, Words
from schemas.silences import Matcher, Op

_MATCHERS: list[dict[str, Any]] = [
    {"name": "segment", "op": "=", "value": "region:EU"},
    {"name": "kind", "op": "=~", "value": "account.*|users.*"},
]
_SILENCE: dict[str, Any] = {
    "matchers": _MATCHERS,
    "starts_at": "2026-12-21T00:00:00Z",
    "ends_at": "2027-01-04T00:00:00Z",
    "comment": "they close over the holidays",
}


class Match(BaseModel):
    """A condition on what an alert says of a name; a regex has to fit the whole of it."""

    model_config = ConfigDict(extra="forbid")

    name: Literal["kind", "account", "segment", "csm", "behavior"]
    op: Op = "="
    value: Annotated[str, Field(max_length=256)]


class NewSilence(BaseModel):
    """What is to be silent, from when (now unless said) to when, and why."""

    model_config = ConfigDict(extra="forbid") | example(**_SILENCE)

    matchers: Annotated[list[Match], Field(min_length=1, max_length=20)]
    starts_at: Moment | None = None
    ends_at: Moment
    comment: Annotated[Words, Field(min_length=1)]
    author: Id | None = None

    @model_validator(mode="after")
    def _forwards(self) -> Self:
        if self.starts_at is not None and self.ends_at <= self.starts_at:
            raise ValueError("`ends_at` is not after `starts_at`")
        return self

    def as_matchers(self) -> list[Matcher]:
        """The matchers as the rules know them."""
        return [msgspec.convert(one.model_dump(), Matcher) for one in self.matchers]


class SilenceShown(Model):
    """A silence; `state` is pending, active or over."""

    model_config = example(
        **_SILENCE, id="sil_5c1d2e3f40516273", author="ada via crm", state="active", recorded_at="2026-12-20T09:00:00Z"
    )

    id: str
    matchers: list[Match]
    starts_at: datetime
    ends_at: datetime
    author: str
    comment: str
    state: str
    recorded_at: datetime

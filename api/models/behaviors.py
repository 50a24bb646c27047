"""Behaviors as they are declared and shown."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from pydantic import Field, WithJsonSchema

from api.models.common import Model, example
from schemas.behaviors import Definition

_DELIVERED = {
    "path": [
        {"events": ["report.created"]},
        {"events": ["report.edit*"], "where": {"pages": {"gte": 1}}},
        {"events": ["report.shared"]},
    ],
    "within": "7 days",
    "key": True,
}


def _schema() -> dict[str, Any]:
    """What a declaration may hold: a Definition's own fields, for the name is in the address already."""
    _, parts = msgspec.json.schema_components([Definition])
    fields = dict(parts["Definition"]["properties"])
    fields["path"] = fields["path"] | {"items": parts["Match"]}
    fields["name"] = fields["name"] | {"description": "if it is said, the same as in the address"}
    return {"type": "object", "properties": fields, "additionalProperties": False, "examples": [_DELIVERED]}


# It is read by the file's own reader, so that the same mistake is told in the same words.
Declaration = Annotated[dict[str, Any], WithJsonSchema(_schema())]


class Behavior(Model):
    """A named match over events; automatic ones are a frequent event's own name."""

    model_config = example(
        behavior="report delivered",
        definition={"name": "report delivered", **_DELIVERED},
        automatic=False,
        source="api",
        state="active",
        effective_from="2026-04-15T12:31:00Z",
        recorded_at="2026-04-15T12:30:00Z",
    )

    behavior: str
    definition: dict[str, Any]
    automatic: bool
    source: Literal["file", "api"] | None = Field(description="who declared it; null: it is automatic")
    state: str = Field(description="`building` until its past is read again, then `active`")
    effective_from: datetime | None
    recorded_at: datetime


class Behaviors(Model):
    """Every behavior, by name."""

    items: list[Behavior]

"""API keys as they are made and shown."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from api.models.common import Model, ShownOnce, example
from schemas.accounts import Id
from schemas.keys import Scope

PerSecond = Annotated[float, Field(gt=0, le=1e9, description="events to the collector, requests to the API")]


class NewKey(BaseModel):
    """What a key is called and may do."""

    model_config = ConfigDict(extra="forbid") | example(name="crm sync", scopes=["read", "manage"])

    name: Id
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=10)]
    per_second: PerSecond | None = None


class Rotation(BaseModel):
    """How long the old key goes on beside the new one."""

    model_config = ConfigDict(extra="forbid") | example(overlap_seconds=86_400)

    overlap_seconds: Annotated[int, Field(ge=0, le=90 * 86_400)] = 86_400


class KeyShown(Model):
    """A key without its secret."""

    id: int
    workspace: int
    name: str
    prefix: str
    scopes: list[str]
    per_second: float | None = Field(description="what it may do in a second; null: what the settings say")
    recorded_at: datetime
    revoked_at: datetime | None = Field(description="when it ended, or will end after it was rotated")
    last_used_at: datetime | None = Field(description="to about 10 seconds")


class Keys(Model):
    """A workspace's keys, the newest first."""

    items: list[KeyShown]


class KeyMade(ShownOnce):
    """A new key; this is the only time its secret is shown."""

    model_config = example(name="crm sync", scopes=["read"], prefix="ebb_4Jk2mPq8", key="ebb_4Jk2mPq8…")

    name: str
    scopes: list[Scope]
    prefix: str
    key: str

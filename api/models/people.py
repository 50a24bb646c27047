"""People and their ids as they are shown."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from api.models.common import Model, example
from schemas.accounts import Id


class NewIdentity(BaseModel):
    """An id to be joined to a person."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"previous": "anon-7f3a"}]})

    previous: Id = Field(description="the id that the person had before; it must have been seen")


class IdShown(Model):
    """One id of a person; `seen_from` is since when it is in windows."""

    user: str
    role: str | None
    side: str
    seen_from: datetime | None


class IdentityShown(Model):
    """That `previous` became `user` (`joined`), or that this is taken back. Of each pair what is valid latest holds."""

    previous: str
    user: str
    joined: bool
    valid_from: datetime
    recorded_at: datetime


class Erasure(Model):
    """A receipt: how much of a person was erased, and until when Kafka's topics still hold what was sent."""

    receipt: str
    actor: str
    recorded_at: datetime
    ids: int
    facts: int
    waiting: int
    rejected: int
    signals: int
    alerts: int
    topics_until: datetime


class Erasures(Model):
    """A workspace's receipts, the newest first."""

    items: list[Erasure]


class Person(Model):
    """A person: the id asked for, the one that stands for the person, all of them, and what was said, newest first."""

    model_config = example(
        user="anon-7f3a",
        person="ada",
        ids=[
            {"user": "anon-7f3a", "role": "member", "side": "customer", "seen_from": "2026-03-01T09:00:00Z"},
            {"user": "ada", "role": "champion", "side": "customer", "seen_from": "2025-11-03T08:00:00Z"},
        ],
        history=[
            {
                "previous": "anon-7f3a", "user": "ada", "joined": True,
                "valid_from": "2026-03-01T09:12:00Z", "recorded_at": "2026-03-01T09:12:01Z",
            }
        ],
    )  # fmt: skip

    user: str
    person: str
    ids: list[IdShown]
    history: list[IdentityShown]

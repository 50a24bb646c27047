"""Refused events as they are shown, and what became of them when they were replayed."""

from datetime import datetime
from typing import Literal

from api.models.common import Model


class Rejected(Model):
    """An event that could not be counted: why, and the event as it came."""

    id: int
    stage: str
    code: str
    field: str | None
    message: str
    message_id: str | None
    raw: str
    raw_encoding: Literal["utf-8", "base64"]
    received_at: datetime
    recorded_at: datetime


class Replay(Model):
    """A refused event to mend and send again."""

    id: int
    raw: str
    raw_encoding: Literal["utf-8", "base64"]
    how: str

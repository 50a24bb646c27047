"""Delivery: where alerts go, what is due, and every attempt."""

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from schemas.database.tables.base import json_column, metadata, moment, recorded

endpoints = Table(
    "endpoints",
    metadata,
    Column("id", Text, primary_key=True),
    Column("workspace", Integer, ForeignKey("workspaces.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("receiver", Text, nullable=False, server_default="webhook"),
    Column("url", Text, nullable=False),
    json_column("options"),  # what a receiver of its kind needs besides
    Column("secret", Text, nullable=False),
    Column("signing_key", Text),
    moment("failing_since"),  # the first failure since the last success
    moment("paused_until"),  # it asked for a pause (Retry-After)
    Column("event_types", ARRAY(Text), nullable=False, server_default="{}"),  # empty: all
    Column("kinds", ARRAY(Text), nullable=False, server_default="{}"),
    Column("segments", ARRAY(Text), nullable=False, server_default="{}"),
    Column("csms", ARRAY(Text), nullable=False, server_default="{}"),
    Column("least_priority", Float, nullable=False, server_default="0"),
    Column("description", Text),
    Column("state", Text, nullable=False, server_default="enabled"),  # enabled, disabled, internal: the topic's
    recorded(),
)

old_keys = Table(  # keys that were rotated, and sign too until then
    "old_keys",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("workspace", Integer, nullable=False),
    Column("endpoint", Text, ForeignKey("endpoints.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("secret", Text, nullable=False),
    Column("signing_key", Text),
    moment("until", nullable=False),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("workspace", Integer, nullable=False),
    Column("endpoint", Text, ForeignKey("endpoints.id", ondelete="CASCADE"), nullable=False),
    Column("episode", Text, nullable=False),
    Column("fingerprint", Text),  # what the alert is about; a message on an endpoint is about none
    Column("sequence", Integer, nullable=False),
    Column("webhook_id", Text, nullable=False, unique=True),
    Column("event_type", Text, nullable=False),
    Column("payload", Text, nullable=False),  # the very bytes that are signed
    Column("state", Text, nullable=False, server_default="waiting"),  # waiting, delivered, failed, held
    Column("attempts", Integer, nullable=False, server_default="0"),
    moment("next_attempt_at", nullable=False, server_default=func.now()),
    moment("leased_until"),
    recorded(),
    UniqueConstraint("endpoint", "episode", "sequence"),
    Index("outbox_due", "endpoint", "next_attempt_at", "id", postgresql_where=text("state = 'waiting'")),
    Index("outbox_series", "endpoint", "fingerprint", "id", postgresql_where=text("state = 'waiting'")),
    Index("outbox_leased", "endpoint", postgresql_where=text("leased_until IS NOT NULL")),
    Index("outbox_undelivered", "endpoint", "state", postgresql_where=text("state <> 'delivered'")),
    Index("outbox_recorded", "recorded_at"),
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("outbox", BigInteger, ForeignKey("outbox.id", ondelete="CASCADE"), nullable=False, index=True),
    moment("at", nullable=False, server_default=func.now()),
    Column("status", Integer),
    Column("seconds", Float, nullable=False),
    Column("error", Text),
    Column("response", Text),
)

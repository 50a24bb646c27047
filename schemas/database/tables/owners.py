"""Workspaces, and who may use them."""

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from schemas.database.tables.base import json_column, metadata, moment, recorded, workspace_key

workspaces = Table(
    "workspaces",
    metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("time_zone", Text, nullable=False, server_default="UTC"),
    json_column("settings"),
    # Numbers are handed out in blocks; gaps are harmless.
    Column("next_account", Integer, nullable=False, server_default="1"),
    Column("next_user", BigInteger, nullable=False, server_default="1"),
    Column("next_behavior", Integer, nullable=False, server_default="1"),
    recorded(),
)

keys = Table(
    "keys",
    metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("workspace", Integer, ForeignKey("workspaces.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("prefix", Text, nullable=False),
    Column("hash", LargeBinary, nullable=False, unique=True),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("per_second", Float),
    recorded(),
    moment("revoked_at"),
    moment("last_used_at"),
)

# What a write was asked with an Idempotency-Key: who asks again gets the answer of then.
requests = Table(
    "requests",
    metadata,
    workspace_key(),
    Column("key", Text, primary_key=True),
    Column("digest", LargeBinary, nullable=False),  # of method, address and body
    Column("status", Integer),  # NULL: carried out, and the answer was lost
    Column("answer", Text),
    recorded(),
    Index("requests_by_age", "recorded_at"),
)

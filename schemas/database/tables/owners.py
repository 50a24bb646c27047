"""Workspaces, and who may use them."""

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Identity,
    Integer,
    LargeBinary,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from schemas.database.tables.base import json_column, metadata, moment, recorded

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

"""Behaviors, and those that are being built."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    text,
)

from schemas.database.tables.base import json_column, metadata, moment, recorded, workspace_key

behaviors = Table(
    "behaviors",
    metadata,
    workspace_key(),
    # A changed definition gets a number of its own, built from the topic and switched to when it is whole.
    Column("number", Integer, primary_key=True),
    Column("behavior", Text, nullable=False),
    json_column("definition"),
    Column("automatic", Boolean, nullable=False),
    Column("source", Text),  # who declared it: file, api; NULL: it is automatic
    Column("state", Text, nullable=False),  # building, active, retired
    moment("effective_from"),
    recorded(),
    Index(
        "behaviors_active",
        "workspace",
        "behavior",
        unique=True,
        postgresql_where=text("state = 'active'"),
    ),
)

# How a behavior that is being built gets its past: the live fold counts it from `since` on, what lies before is read
# again.
rebuilds = Table(
    "rebuilds",
    metadata,
    workspace_key(),
    Column("behavior", Integer, primary_key=True),
    Column("topic", SmallInteger, primary_key=True),
    Column("partition", SmallInteger, primary_key=True),
    Column("since", BigInteger, nullable=False),
    Column("next_offset", BigInteger, nullable=False),
)

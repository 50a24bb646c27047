"""What people do beside alerts: tasks, and nudges that the product sends on."""

from sqlalchemy import Boolean, Column, ForeignKeyConstraint, Index, Integer, Table, Text, text

from schemas.database.tables.base import json_column, metadata, moment, recorded, workspace_key

tasks = Table(
    "tasks",
    metadata,
    workspace_key(),
    Column("id", Text, primary_key=True),
    Column("account", Integer, nullable=False),
    Column("episode", Text),  # the alert that it is about
    Column("title", Text, nullable=False),
    Column("assignee", Text),
    moment("due_at"),
    Column("state", Text, nullable=False, server_default="open"),  # open, closed
    Column("opened_by", Text, nullable=False),
    Column("closed_by", Text),
    moment("closed_at"),
    Column("note", Text),
    Column("saved", Boolean, nullable=False, server_default=text("false")),  # claimed; the next outcome decides
    recorded(),
    ForeignKeyConstraint(["workspace", "account"], ["accounts.workspace", "accounts.number"], ondelete="CASCADE"),
    Index("tasks_newest", "workspace", "recorded_at", "id"),
    Index("tasks_of_account", "workspace", "account"),
)

# Who lacked a behavior when the product was told to nudge them.
nudges = Table(
    "nudges",
    metadata,
    workspace_key(),
    Column("episode", Text, primary_key=True),
    moment("at", primary_key=True),
    json_column("users", "[]"),
    ForeignKeyConstraint(["workspace", "episode"], ["alerts.workspace", "alerts.episode"], ondelete="CASCADE"),
)

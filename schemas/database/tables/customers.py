"""Customers: accounts, users, and the facts about them."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Computed,
    Float,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from schemas.database.tables.base import json_column, metadata, moment, recorded, words, workspace_key

accounts = Table(
    "accounts",
    metadata,
    workspace_key(),
    Column("number", Integer, primary_key=True),
    Column("account", Text, nullable=False),
    # The facts of today, merged; account_facts has their history.
    json_column("traits"),
    moment("created_at"),
    recorded(),
    Column("csm", Text, Computed("left(traits ->> 'csm', 256)", persisted=True)),
    UniqueConstraint("workspace", "account"),
    Index("accounts_of_csm", "workspace", "csm"),
)

# What lists sort by and search in; each has its index, so the words are the same here and there.
account_name = literal_column("lower(coalesce(accounts.traits ->> 'name', accounts.account))", Text)
account_arr = literal_column(
    "(CASE WHEN jsonb_typeof(accounts.traits -> 'arr') = 'number' THEN (accounts.traits -> 'arr')::numeric ELSE 0 END)",
    Numeric,
)
account_words = words(accounts.c.account, accounts.c.traits.op("->>")(text("'name'")))
Index("accounts_by_name", accounts.c.workspace, account_name, accounts.c.account)
Index("accounts_by_arr", accounts.c.workspace, account_arr.desc(), accounts.c.account.desc())
Index("accounts_words", account_words, postgresql_using="gin")
Index("accounts_traits", accounts.c.traits, postgresql_using="gin", postgresql_ops={"traits": "jsonb_path_ops"})


def _fact(name: str, *columns: Column[Any]) -> Table:
    """A table of facts about an account: appended, never changed."""
    return Table(
        name,
        metadata,
        Column("id", BigInteger, Identity(), primary_key=True),
        Column("workspace", Integer, nullable=False),
        Column("account", Integer, nullable=False),
        *columns,
        moment("valid_from", nullable=False),
        recorded(),
        ForeignKeyConstraint(["workspace", "account"], ["accounts.workspace", "accounts.number"], ondelete="CASCADE"),
        Index(f"{name}_of_account", "workspace", "account", "valid_from"),
    )


# name, arr, currency, plan, region, employees, industry, time_zone, parent, csm, stage, purchase_reason, sold_by,
# pauses, and any other trait: a patch each.
account_facts = _fact("account_facts", json_column("traits"))
subscriptions = _fact(
    "subscriptions",
    Column("subscription", Text, nullable=False),
    moment("term_start", nullable=False),
    moment("renewal_date"),
    moment("notice_deadline"),
    Column("arr", Float),
    Column("currency", Text),
    Column("seats", Integer),
    Column("plan", Text),
)
outcomes = _fact(
    "outcomes",
    Column("outcome", Text, nullable=False),  # renewed, expanded, contracted, churned
    moment("decided_at", nullable=False),
    moment("effective_at"),
    Column("arr_before", Float),
    Column("arr_after", Float),
    Column("reason", Text),
)
goals = _fact(
    "goals",
    Column("goal", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("direction", Text, nullable=False),  # up, down
    Column("baseline", Float, nullable=False),
    Column("target", Float, nullable=False),
    moment("starts_at", nullable=False),
    moment("ends_at", nullable=False),
    json_column("milestones", "[]"),
)
goal_points = _fact(
    "goal_points",
    Column("goal", Text, nullable=False),
    Column("level", Float, nullable=False),
)
signals = _fact(
    "signals",
    Column("signal", Text, nullable=False),  # call, meeting, email, ticket, complaint, contract_change
    Column("direction", Text, nullable=False),  # inbound, outbound
    Column("participants", ARRAY(Text), nullable=False, server_default="{}"),
    Column("id_hash", LargeBinary, nullable=False),
    json_column("properties"),
)

releases = Table(
    "releases",
    metadata,
    workspace_key(),
    Column("release", Text, primary_key=True),
    moment("released_at", nullable=False),
    Column("behaviors", ARRAY(Text), nullable=False, server_default="{}"),
    Column("accounts", ARRAY(Text)),  # who got it; NULL means everyone
    Column("notes", Text),
    recorded(),
)

users = Table(
    "users",
    metadata,
    workspace_key(),
    Column("number", BigInteger, primary_key=True),
    Column("user", Text, nullable=False),
    Column("role", Text),  # champion, sponsor, admin, member
    Column("side", Text, nullable=False, server_default="customer"),  # customer, vendor, partner, machine
    json_column("traits"),
    Column("person", BigInteger),  # the id that stands for it, where ids are joined
    moment("seen_from"),  # no window before it holds the user; NULL: none does
    recorded(),
    UniqueConstraint("workspace", "user"),
    Index("users_of_person", "workspace", "person", postgresql_where=text("person IS NOT NULL")),
    # Few are not the customer's own; windows leave them out of distinct users.
    Index("users_of_others", "workspace", "number", postgresql_where=text("side <> 'customer'")),
)

user_facts = Table(
    "user_facts",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("workspace", Integer, nullable=False),
    Column("user", BigInteger, nullable=False),
    json_column("traits"),
    moment("valid_from", nullable=False),
    recorded(),
    ForeignKeyConstraint(["workspace", "user"], ["users.workspace", "users.number"], ondelete="CASCADE"),
    Index("user_facts_of_user", "workspace", "user", "valid_from"),
    # Few say a role; who was a champion on a past day is read from these.
    Index("user_facts_of_roles", "workspace", "user", postgresql_where=text("traits ? 'role'")),
)

# Which ids are one person's: said, and taken back. Of each pair what is valid latest holds; users.person follows.
identities = Table(
    "identities",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("workspace", Integer, nullable=False),
    Column("previous", BigInteger, nullable=False),
    Column("user", BigInteger, nullable=False),
    Column("joined", Boolean, nullable=False),
    moment("valid_from", nullable=False),
    recorded(),
    ForeignKeyConstraint(["workspace", "previous"], ["users.workspace", "users.number"], ondelete="CASCADE"),
    ForeignKeyConstraint(["workspace", "user"], ["users.workspace", "users.number"], ondelete="CASCADE"),
    UniqueConstraint("workspace", "previous", "user", "joined", "valid_from"),
    Index("identities_of_user", "workspace", "user", "previous"),
)

# A hash of each id that was erased, and the number it led to: what comes of it once more is nobody's.
erased = Table(
    "erased",
    metadata,
    Column("workspace", Integer, primary_key=True),
    Column("hash", LargeBinary, primary_key=True),  # schemas.erasing.id_hash
    Column("number", BigInteger, nullable=False),
    recorded(),
    Index("erased_numbers", "workspace", "number"),
)

# Receipts: who asked for it, and how much it was; never of whom.
erasures = Table(
    "erasures",
    metadata,
    Column("workspace", Integer, primary_key=True),
    Column("receipt", Text, primary_key=True),
    Column("actor", Text, nullable=False),
    json_column("counts"),
    recorded(),
)

memberships = Table(
    "memberships",
    metadata,
    workspace_key(),
    Column("user", BigInteger, primary_key=True),
    moment("valid_from", primary_key=True),
    Column("account", Integer, primary_key=True),
    recorded(),
    ForeignKeyConstraint(["workspace", "user"], ["users.workspace", "users.number"], ondelete="CASCADE"),
    ForeignKeyConstraint(["workspace", "account"], ["accounts.workspace", "accounts.number"], ondelete="CASCADE"),
    Index("memberships_of_account", "workspace", "account", "user"),
)

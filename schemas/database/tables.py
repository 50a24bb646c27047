"""Every table, as SQLAlchemy Core. Alembic's migrations build what stands here.

Each key starts with the workspace, except where rows belong to the pipeline itself (offsets, counted ids). Facts about
customers are appended with `valid_from` (since when it is true) and `recorded_at` (since when we know it), so that a
replay reads what was known then. Times are timestamptz in UTC; hours are the start of the UTC hour.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    DateTime,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    func,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata = MetaData(
    naming_convention={
        "ix": "%(table_name)s_%(column_0_N_name)s",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "pk": "%(table_name)s_pkey",
    }
)


def _time(name: str, **more: Any) -> Column[Any]:
    return Column(name, DateTime(timezone=True), **more)


def _recorded() -> Column[Any]:
    return _time("recorded_at", nullable=False, server_default=func.now())


def _words(*columns: ColumnElement[Any]) -> ColumnElement[Any]:
    """The words of some texts, as full-text search compares them; with literals, so that an index can hold them."""
    texts = [func.coalesce(column, text("''")) for column in columns]
    whole: ColumnElement[Any] = texts[0]
    for other in texts[1:]:
        whole = whole.op("||")(text("' '")).op("||")(other)
    plain = func.regexp_replace(whole, *(text(part) for part in ("'[^[:alnum:]]+'", "' '", "'g'")))
    return func.to_tsvector(text("'simple'"), plain)


def _json(name: str, default: str = "{}") -> Column[Any]:
    return Column(name, JSONB, nullable=False, server_default=text(f"'{default}'::jsonb"))


def _workspace() -> Column[Any]:
    return Column("workspace", Integer, ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True)


# --- workspaces and who may use them ---------------------------------------------------------------------------------

workspaces = Table(
    "workspaces",
    metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("time_zone", Text, nullable=False, server_default="UTC"),
    _json("settings"),
    # Numbers are handed out in blocks; gaps are harmless.
    Column("next_account", Integer, nullable=False, server_default="1"),
    Column("next_user", BigInteger, nullable=False, server_default="1"),
    Column("next_behavior", Integer, nullable=False, server_default="1"),
    _recorded(),
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
    _recorded(),
    _time("revoked_at"),
    _time("last_used_at"),
)

# --- customers: accounts, users, and the facts about them ------------------------------------------------------------

accounts = Table(
    "accounts",
    metadata,
    _workspace(),
    Column("number", Integer, primary_key=True),
    Column("account", Text, nullable=False),
    # The facts of today, merged; account_facts has their history.
    _json("traits"),
    _time("created_at"),
    _recorded(),
    UniqueConstraint("workspace", "account"),
)

# What lists sort by and search in; each has its index, so the words are the same here and there.
account_name = literal_column("lower(coalesce(accounts.traits ->> 'name', accounts.account))", Text)
account_arr = literal_column(
    "(CASE WHEN jsonb_typeof(accounts.traits -> 'arr') = 'number' THEN (accounts.traits -> 'arr')::numeric ELSE 0 END)",
    Numeric,
)
account_words = _words(accounts.c.account, accounts.c.traits.op("->>")(text("'name'")))
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
        _time("valid_from", nullable=False),
        _recorded(),
        ForeignKeyConstraint(["workspace", "account"], ["accounts.workspace", "accounts.number"], ondelete="CASCADE"),
        Index(f"{name}_of_account", "workspace", "account", "valid_from"),
    )


# name, arr, currency, plan, region, employees, industry, time_zone, parent, csm, stage, purchase_reason, sold_by,
# pauses, and any other trait: a patch each.
account_facts = _fact("account_facts", _json("traits"))
subscriptions = _fact(
    "subscriptions",
    Column("subscription", Text, nullable=False),
    _time("term_start", nullable=False),
    _time("renewal_date"),
    _time("notice_deadline"),
    Column("arr", Float),
    Column("currency", Text),
    Column("seats", Integer),
    Column("plan", Text),
)
outcomes = _fact(
    "outcomes",
    Column("outcome", Text, nullable=False),  # renewed, expanded, contracted, churned
    _time("decided_at", nullable=False),
    _time("effective_at"),
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
    _time("starts_at", nullable=False),
    _time("ends_at", nullable=False),
    _json("milestones", "[]"),
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
    _json("properties"),
)

releases = Table(
    "releases",
    metadata,
    _workspace(),
    Column("release", Text, primary_key=True),
    _time("released_at", nullable=False),
    Column("behaviors", ARRAY(Text), nullable=False, server_default="{}"),
    Column("accounts", ARRAY(Text)),  # who got it; NULL means everyone
    Column("notes", Text),
    _recorded(),
)

users = Table(
    "users",
    metadata,
    _workspace(),
    Column("number", BigInteger, primary_key=True),
    Column("user", Text, nullable=False),
    Column("role", Text),  # champion, sponsor, admin, member
    Column("side", Text, nullable=False, server_default="customer"),  # customer, vendor, partner, machine
    _json("traits"),
    _recorded(),
    UniqueConstraint("workspace", "user"),
    # Few are not the customer's own; windows leave them out of distinct users.
    Index("users_of_others", "workspace", "number", postgresql_where=text("side <> 'customer'")),
)

user_facts = Table(
    "user_facts",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("workspace", Integer, nullable=False),
    Column("user", BigInteger, nullable=False),
    _json("traits"),
    _time("valid_from", nullable=False),
    _recorded(),
    ForeignKeyConstraint(["workspace", "user"], ["users.workspace", "users.number"], ondelete="CASCADE"),
    Index("user_facts_of_user", "workspace", "user", "valid_from"),
)

aliases = Table(
    "aliases",
    metadata,
    _workspace(),
    Column("previous", Text, primary_key=True),
    Column("user", Text, primary_key=True),
    _time("valid_from", nullable=False),
    _recorded(),
)

memberships = Table(
    "memberships",
    metadata,
    _workspace(),
    Column("user", BigInteger, primary_key=True),
    _time("valid_from", primary_key=True),
    Column("account", Integer, primary_key=True),
    _recorded(),
    ForeignKeyConstraint(["workspace", "user"], ["users.workspace", "users.number"], ondelete="CASCADE"),
    ForeignKeyConstraint(["workspace", "account"], ["accounts.workspace", "accounts.number"], ondelete="CASCADE"),
    Index("memberships_of_account", "workspace", "account", "user"),
)

behaviors = Table(
    "behaviors",
    metadata,
    _workspace(),
    # A changed definition gets a number of its own, built from the topic and switched to when it is whole.
    Column("number", Integer, primary_key=True),
    Column("behavior", Text, nullable=False),
    _json("definition"),
    Column("automatic", Boolean, nullable=False),
    Column("state", Text, nullable=False),  # building, active, retired
    _time("effective_from"),
    _recorded(),
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
    _workspace(),
    Column("behavior", Integer, primary_key=True),
    Column("topic", SmallInteger, primary_key=True),
    Column("partition", SmallInteger, primary_key=True),
    Column("since", BigInteger, nullable=False),
    Column("next_offset", BigInteger, nullable=False),
)

# --- the pipeline: what was counted, up to which offset ---------------------------------------------------------------

offsets = Table(
    "offsets",
    metadata,
    Column("topic", SmallInteger, primary_key=True),  # schemas.topics.TOPIC_CODES
    Column("partition", SmallInteger, primary_key=True),
    Column("next_offset", BigInteger, nullable=False, server_default="0"),
    _time("heartbeat_at"),
    _time("updated_at", nullable=False, server_default=func.now()),
)

# A hypertable by `hour`. Fold appends deltas, readers sum events and value and unite users, a fenced job compacts.
windows = Table(
    "windows",
    metadata,
    Column("workspace", Integer, nullable=False),
    Column("account", Integer, nullable=False),
    Column("behavior", Integer, nullable=False),  # 0 is `*`
    _time("hour", nullable=False),
    Column("topic", SmallInteger, nullable=False),
    Column("partition", SmallInteger, nullable=False),
    Column("events", Integer, nullable=False),
    Column("value", Float, nullable=False),
    Column("users", LargeBinary, nullable=False),  # schemas.windows: user numbers
    Column("id_sum", BigInteger, nullable=False),  # 64-bit sum of id hashes, for the audit; in `*` only
    Index("windows_of_account", "workspace", "account", "behavior", "hour"),
)

# One row a transaction, partition and received hour: the 128-bit hashes of the ids it counted, 16 bytes each. No unique
# key: the fence on offsets keeps them single, and a worker that was stopped in its COPY can't hold one against another.
counted_ids = Table(
    "counted_ids",
    metadata,
    Column("topic", SmallInteger, nullable=False),
    Column("partition", SmallInteger, nullable=False),
    Column("partitions", SmallInteger, nullable=False),  # how many the topic had: slots move when that changes
    _time("hour", nullable=False),
    Column("first_offset", BigInteger, nullable=False),
    Column("ids", LargeBinary, nullable=False),
    Index("counted_ids_of_partition", "topic", "partition", "hour"),
)

# Events whose user belongs to no account yet, as they came; folded with the membership that resolves them.
unassigned = Table(
    "unassigned",
    metadata,
    Column("topic", SmallInteger, primary_key=True),
    Column("partition", SmallInteger, primary_key=True),
    Column("id_hash", LargeBinary, primary_key=True),
    Column("workspace", Integer, nullable=False),
    Column("user", BigInteger),  # NULL: an event with neither account nor user; it waits for good
    _time("time", nullable=False),
    Column("event", LargeBinary, nullable=False),  # the UsageEvent as MessagePack
    _recorded(),
    Index("unassigned_of_user", "workspace", "user"),
)

# What could not be counted, with its reason: refused by the collector (stage ingest) or unreadable on the topic (fold).
rejected = Table(
    "rejected",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("workspace", Integer),
    Column("stage", Text, nullable=False),
    Column("topic", SmallInteger, nullable=False),
    Column("partition", SmallInteger, nullable=False),
    Column("record_offset", BigInteger, nullable=False),
    Column("position", Integer, nullable=False, server_default="0"),
    Column("code", Text, nullable=False),
    Column("field", Text),
    Column("message", Text, nullable=False),
    Column("message_id", Text),
    Column("raw", LargeBinary, nullable=False),
    _time("received_at", nullable=False),
    _recorded(),
    UniqueConstraint("topic", "partition", "record_offset", "position"),
    Index("rejected_of_workspace", "workspace", "id"),
)

imports = Table(
    "imports",
    metadata,
    _workspace(),
    Column("import_id", Text, primary_key=True),
    Column("partition", SmallInteger, primary_key=True),  # a row when that partition's closing batch is folded
    _recorded(),
)

# --- detection and alerts ---------------------------------------------------------------------------------------------

# How far each workspace is evaluated, and from where it must be again because late data or an import changed windows.
progress = Table(
    "progress",
    metadata,
    _workspace(),
    _time("evaluated_to"),
    _time("dirty_from"),
    _time("history_dirty_from"),
    Column("history_closed", Boolean, nullable=False, server_default=text("false")),
    # What an evaluator has taken over and not committed yet; the next one goes on with it after a crash.
    _time("pending_from"),
    Column("pending_history", Boolean, nullable=False, server_default=text("false")),
    # Stretches of days that were evaluated at one go, [[first, last], …]: empty days there may be days nobody watched.
    _json("gaps", "[]"),
    Column("revision", Integer, nullable=False, server_default="0"),
)

evaluations = Table(
    "evaluations",
    metadata,
    _workspace(),
    _time("moment", primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("keys", Integer, nullable=False),
    Column("findings", Integer, nullable=False),
    _recorded(),
)

checkpoints = Table(
    "checkpoints",
    metadata,
    _workspace(),
    _time("moment", primary_key=True),
    Column("state", LargeBinary, nullable=False),
    _recorded(),
)

alerts = Table(
    "alerts",
    metadata,
    _workspace(),
    Column("episode", Text, primary_key=True),  # a hash of the fingerprint and the opening moment
    Column("fingerprint", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("account", Integer),
    Column("segment", Text),
    Column("user", BigInteger),
    Column("behavior", Text),
    Column("state", Text, nullable=False),
    Column("origin", Text, nullable=False),  # live, history
    _time("onset", nullable=False),
    _time("fired_at", nullable=False),
    _time("resolved_at"),
    Column("sequence", Integer, nullable=False),
    Column("sentence", Text, nullable=False),
    _json("evidence"),
    Column("silenced", Boolean, nullable=False, server_default=text("false")),
    Column("inhibited_by", Text),
    _recorded(),
    Index("alerts_newest", "workspace", "fired_at", "episode"),
    Index("alerts_of_account", "workspace", "account", "fired_at", "episode"),
    Index("alerts_of_state", "workspace", "state", "fired_at", "episode"),
    Index("alerts_of_kind", "workspace", "kind", "fired_at", "episode"),
    Index("alerts_of_origin", "workspace", "origin", "fired_at", "episode"),
    Index("alerts_of_fingerprint", "workspace", "fingerprint", "fired_at"),
    Index(
        "alerts_open",
        "workspace",
        "fired_at",
        "episode",
        postgresql_where=text("state NOT IN ('resolved', 'retracted')"),
    ),
)

# An account's alert is in the segment of its peers.
alert_segment = literal_column("coalesce(alerts.segment, alerts.evidence ->> 'segment')", Text)
alert_words = _words(alerts.c.sentence)
Index("alerts_of_segment", alerts.c.workspace, alert_segment, alerts.c.fired_at, alerts.c.episode)
Index("alerts_words", alert_words, postgresql_using="gin")

transitions = Table(
    "transitions",
    metadata,
    _workspace(),
    Column("episode", Text, primary_key=True),
    Column("sequence", Integer, primary_key=True),
    Column("transition", Text, nullable=False),
    _time("at", nullable=False),
    Column("actor", Text, nullable=False, server_default="ebbtide"),
    Column("reason", Text, nullable=False),
    _json("evidence"),
    _recorded(),
    ForeignKeyConstraint(["workspace", "episode"], ["alerts.workspace", "alerts.episode"], ondelete="CASCADE"),
)

verdicts = Table(
    "verdicts",
    metadata,
    _workspace(),
    Column("episode", Text, primary_key=True),
    Column("verdict", Text, nullable=False),  # true, false, known
    Column("actor", Text, nullable=False),
    Column("note", Text),
    _time("recorded_at", primary_key=True, server_default=func.now()),
    ForeignKeyConstraint(["workspace", "episode"], ["alerts.workspace", "alerts.episode"], ondelete="CASCADE"),
)

# --- delivery ---------------------------------------------------------------------------------------------------------

endpoints = Table(
    "endpoints",
    metadata,
    Column("id", Text, primary_key=True),
    Column("workspace", Integer, ForeignKey("workspaces.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("url", Text, nullable=False),
    Column("secret", Text, nullable=False),
    Column("event_types", ARRAY(Text), nullable=False, server_default="{}"),  # empty: all
    Column("description", Text),
    Column("state", Text, nullable=False, server_default="enabled"),  # enabled, disabled
    _recorded(),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("workspace", Integer, nullable=False),
    Column("endpoint", Text, ForeignKey("endpoints.id", ondelete="CASCADE"), nullable=False),
    Column("episode", Text, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("webhook_id", Text, nullable=False, unique=True),
    Column("event_type", Text, nullable=False),
    Column("payload", Text, nullable=False),  # the very bytes that are signed
    Column("state", Text, nullable=False, server_default="waiting"),  # waiting, delivered, failed
    Column("attempts", Integer, nullable=False, server_default="0"),
    _time("next_attempt_at", nullable=False, server_default=func.now()),
    _time("leased_until"),
    _recorded(),
    UniqueConstraint("endpoint", "episode", "sequence"),
    Index("outbox_due", "next_attempt_at", postgresql_where=text("state = 'waiting'")),
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("outbox", BigInteger, ForeignKey("outbox.id", ondelete="CASCADE"), nullable=False, index=True),
    _time("at", nullable=False, server_default=func.now()),
    Column("status", Integer),
    Column("seconds", Float, nullable=False),
    Column("error", Text),
    Column("response", Text),
)

"""Detection: how far it is, what it remembers, and the alerts."""

from sqlalchemy import (
    REAL,
    BigInteger,
    Boolean,
    Column,
    Computed,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    column,
    func,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR

from schemas.database.tables.base import json_column, metadata, moment, recorded, words, workspace_key

# How far each workspace is evaluated, and from where it must be again because late data or an import changed windows.
progress = Table(
    "progress",
    metadata,
    workspace_key(),
    moment("evaluated_to"),
    moment("dirty_from"),
    # Since when, and when last, late data changed windows: it is judged when it has all come.
    moment("late_since"),
    moment("late_at"),
    moment("history_dirty_from"),
    Column("history_closed", Boolean, nullable=False, server_default=text("false")),
    # What an evaluator has taken over and not committed yet; the next one goes on with it after a crash.
    moment("pending_from"),
    Column("pending_history", Boolean, nullable=False, server_default=text("false")),
    # Stretches of days that were evaluated at one go, [[first, last], …]: empty days there may be days nobody watched.
    json_column("gaps", "[]"),
    Column("revision", Integer, nullable=False, server_default="0"),
)

evaluations = Table(
    "evaluations",
    metadata,
    workspace_key(),
    moment("moment", primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("keys", Integer, nullable=False),
    Column("findings", Integer, nullable=False),
    recorded(),
)

checkpoints = Table(
    "checkpoints",
    metadata,
    workspace_key(),
    moment("moment", primary_key=True),
    Column("state", LargeBinary, nullable=False),
    recorded(),
)

# Who is judged, by account and kind of alert; a row is written when it changes.
coverage = Table(
    "coverage",
    metadata,
    workspace_key(),
    Column("account", Integer, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("status", SmallInteger, nullable=False),  # schemas.coverage.Status
    Column("begun", Integer, nullable=False),  # the first day it was seen, since 1970-01-01
    Column("days_needed", SmallInteger, nullable=False),  # which day of its life is the first that is judged
    Column("due", REAL, nullable=False),  # what there is of what the kind needs, in halves
    Column("due_needed", REAL, nullable=False),
    recorded(),
    Index("coverage_judged", "workspace", "account", postgresql_where=text("status = 2")),
)

# What each month's calibration came to: what the budget means here.
calibrations = Table(
    "calibrations",
    metadata,
    workspace_key(),
    moment("month", primary_key=True),
    json_column("meaning"),
    recorded(),
)

_OPEN_AND_TOLD = "state NOT IN ('resolved', 'retracted') AND origin <> 'shadow'"

alerts = Table(
    "alerts",
    metadata,
    workspace_key(),
    Column("episode", Text, primary_key=True),  # a hash of the fingerprint and the opening moment
    Column("fingerprint", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("account", Integer),
    Column("segment", Text),
    Column("user", BigInteger),
    Column("behavior", Text),
    Column("state", Text, nullable=False),  # what is shown, of condition and handling
    Column("condition", Text, nullable=False, server_default="firing"),  # what detection says
    Column("handling", Text),  # what people said: acknowledged, snoozed, resolved
    moment("snoozed_until"),  # NULL: until it gets worse
    Column("belief", Text, nullable=False, server_default="nothing"),  # what receivers heard: schemas.lives.Belief
    Column("assignee", Text),
    Column("origin", Text, nullable=False),  # live, history, shadow
    moment("onset", nullable=False),
    moment("fired_at", nullable=False),
    moment("resolved_at"),
    Column("sequence", Integer, nullable=False),
    Column("sentence", Text, nullable=False),
    json_column("evidence"),
    Column("silenced_by", Text),
    Column("deferred", Boolean, nullable=False, server_default=text("false")),  # left for the digest
    Column("csm", Text),  # as the account's trait said when it was weighed last
    Column("priority", Float, nullable=False, server_default="0"),  # schemas.priorities
    json_column("priority_parts", "[]"),
    Column("inhibited_by", Text),  # the episode that says already what this one would
    # The segment of its peers, so that open alerts are counted by it without their evidence.
    Column("peers", Text, Computed("coalesce(segment, evidence ->> 'segment')", persisted=True)),
    Column("words", TSVECTOR, Computed(words(column("sentence", Text)), persisted=True)),  # of the sentence, for search
    recorded(),
    Index("alerts_newest", "workspace", "fired_at", "episode"),
    Index("alerts_of_account", "workspace", "account", "fired_at", "episode"),
    Index("alerts_of_state", "workspace", "state", "fired_at", "episode"),
    Index("alerts_of_kind", "workspace", "kind", "fired_at", "episode"),
    Index("alerts_of_origin", "workspace", "origin", "fired_at", "episode"),
    Index("alerts_of_fingerprint", "workspace", "fingerprint", "fired_at"),
    Index("alerts_by_priority", "workspace", "priority", "episode"),
    Index("alerts_of_csm", "workspace", "csm", "fired_at", "episode"),
    Index("alerts_of_csm_by_priority", "workspace", "csm", "priority", "episode"),
    Index("alerts_of_assignee", "workspace", "assignee", "fired_at", "episode"),
    Index("alerts_of_assignee_by_priority", "workspace", "assignee", "priority", "episode"),
    Index("alerts_of_state_by_priority", "workspace", "state", "priority", "episode"),
    Index("alerts_words", "words", postgresql_using="gin"),
    Index(
        "alerts_open_of_peers",
        "workspace",
        "peers",
        postgresql_where=text(_OPEN_AND_TOLD),
    ),
    Index(
        "alerts_open_of_csm",
        "workspace",
        "csm",
        "priority",
        postgresql_where=text(_OPEN_AND_TOLD),
    ),
    Index("alerts_silenced", "workspace", "fired_at", "episode", postgresql_where=text("silenced_by IS NOT NULL")),
    Index("alerts_snoozed", "snoozed_until", postgresql_where=text("snoozed_until IS NOT NULL")),
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
Index("alerts_of_segment", alerts.c.workspace, alert_segment, alerts.c.fired_at, alerts.c.episode)

transitions = Table(
    "transitions",
    metadata,
    workspace_key(),
    Column("episode", Text, primary_key=True),
    Column("sequence", Integer, primary_key=True),
    Column("transition", Text, nullable=False),
    moment("at", nullable=False),
    Column("actor", Text, nullable=False, server_default="ebbtide"),
    Column("reason", Text, nullable=False),
    Column("told", Boolean, nullable=False, server_default=text("false")),  # whether receivers were told
    json_column("evidence"),
    # The writing transaction's number: in its order, who follows the steps misses none.
    Column("committed_by", BigInteger, nullable=False, server_default=text("(pg_current_xact_id()::text)::bigint")),
    recorded(),
    Index("transitions_in_order", "workspace", "committed_by", "episode", "sequence"),
    ForeignKeyConstraint(["workspace", "episode"], ["alerts.workspace", "alerts.episode"], ondelete="CASCADE"),
)

verdicts = Table(
    "verdicts",
    metadata,
    workspace_key(),
    Column("episode", Text, primary_key=True),
    Column("verdict", Text, nullable=False),  # true, false, known
    Column("actor", Text, nullable=False),
    Column("note", Text),
    moment("recorded_at", primary_key=True, server_default=func.now()),
    ForeignKeyConstraint(["workspace", "episode"], ["alerts.workspace", "alerts.episode"], ondelete="CASCADE"),
)

silences = Table(
    "silences",
    metadata,
    workspace_key(),
    Column("id", Text, primary_key=True),
    json_column("matchers", "[]"),
    moment("starts_at", nullable=False),
    moment("ends_at", nullable=False),
    Column("author", Text, nullable=False),
    Column("comment", Text, nullable=False),
    Column("state", Text, nullable=False, server_default="pending"),  # what alerts know of it: pending, active, over
    recorded(),
    Index("silences_due", "ends_at", postgresql_where=text("state <> 'over'")),
)

# How and when a customer-success manager is notified; those without a row: at any time, of everything.
csms = Table(
    "csms",
    metadata,
    workspace_key(),
    Column("csm", Text, primary_key=True),
    Column("time_zone", Text, nullable=False, server_default="UTC"),
    Column("working_days", ARRAY(SmallInteger), nullable=False, server_default="{0,1,2,3,4}"),
    Column("quiet_from", Text),
    Column("quiet_to", Text),
    Column("weekly_budget", Integer),
    Column("email", Text),
    recorded(),
)

digests = Table(
    "digests",
    metadata,
    workspace_key(),
    Column("csm", Text, primary_key=True),
    moment("until", primary_key=True),  # the Monday morning at which its week ended
    json_column("content"),
    recorded(),
    Index("digests_newest", "workspace", "until", "csm"),
)

# How a kind's share of the budget is tuned; the newest row of a kind holds.
tunings = Table(
    "tunings",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("workspace", Integer, ForeignKey("workspaces.id", ondelete="CASCADE"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("factor", Float, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    recorded(),
    Index("tunings_of_kind", "workspace", "kind", "id"),
)

"""The first schema: customers, the pipeline, alerts, delivery."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from schemas.database.migrations.timescale import compressed, hypertable

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Builds every table; windows become a hypertable where the extension is."""
    op.create_table(
        "counted_ids",
        sa.Column("topic", sa.SmallInteger(), nullable=False),
        sa.Column("partition", sa.SmallInteger(), nullable=False),
        sa.Column("partitions", sa.SmallInteger(), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("first_offset", sa.BigInteger(), nullable=False),
        sa.Column("ids", sa.LargeBinary(), nullable=False),
    )
    op.create_index("counted_ids_of_partition", "counted_ids", ["topic", "partition", "hour"], unique=False)
    op.create_table(
        "offsets",
        sa.Column("topic", sa.SmallInteger(), nullable=False),
        sa.Column("partition", sa.SmallInteger(), nullable=False),
        sa.Column("next_offset", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("topic", "partition", name=op.f("offsets_pkey")),
    )
    op.create_table(
        "rejected",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("workspace", sa.Integer(), nullable=True),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("topic", sa.SmallInteger(), nullable=False),
        sa.Column("partition", sa.SmallInteger(), nullable=False),
        sa.Column("record_offset", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=True),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("rejected_pkey")),
        sa.UniqueConstraint(
            "topic",
            "partition",
            "record_offset",
            "position",
            name=op.f("rejected_topic_partition_record_offset_position_key"),
        ),
    )
    op.create_index("rejected_of_workspace", "rejected", ["workspace", "id"], unique=False)
    op.create_table(
        "unassigned",
        sa.Column("topic", sa.SmallInteger(), nullable=False),
        sa.Column("partition", sa.SmallInteger(), nullable=False),
        sa.Column("id_hash", sa.LargeBinary(), nullable=False),
        sa.Column("workspace", sa.Integer(), nullable=False),
        sa.Column("user", sa.BigInteger(), nullable=True),
        sa.Column("time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("topic", "partition", "id_hash", name=op.f("unassigned_pkey")),
    )
    op.create_index("unassigned_of_user", "unassigned", ["workspace", "user"], unique=False)
    op.create_table(
        "windows",
        sa.Column("workspace", sa.Integer(), nullable=False),
        sa.Column("account", sa.Integer(), nullable=False),
        sa.Column("behavior", sa.Integer(), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("topic", sa.SmallInteger(), nullable=False),
        sa.Column("partition", sa.SmallInteger(), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("users", sa.LargeBinary(), nullable=False),
        sa.Column("id_sum", sa.BigInteger(), nullable=False),
    )
    op.create_index("windows_of_account", "windows", ["workspace", "account", "behavior", "hour"], unique=False)
    op.create_table(
        "workspaces",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), server_default="UTC", nullable=False),
        sa.Column(
            "settings", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("next_account", sa.Integer(), server_default="1", nullable=False),
        sa.Column("next_user", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("next_behavior", sa.Integer(), server_default="1", nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("workspaces_pkey")),
        sa.UniqueConstraint("name", name=op.f("workspaces_name_key")),
    )
    op.create_table(
        "accounts",
        sa.Column("workspace", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column(
            "traits", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace"], ["workspaces.id"], name=op.f("accounts_workspace_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("workspace", "number", name=op.f("accounts_pkey")),
        sa.UniqueConstraint("workspace", "account", name=op.f("accounts_workspace_account_key")),
    )
    op.create_index(
        "accounts_by_arr",
        "accounts",
        [
            "workspace",
            sa.literal_column(
                "(CASE WHEN jsonb_typeof(accounts.traits -> 'arr') = 'number' THEN (accounts.traits -> 'arr')::numeric ELSE 0 END) DESC"
            ),
            sa.literal_column("account DESC"),
        ],
        unique=False,
    )
    op.create_index(
        "accounts_by_name",
        "accounts",
        ["workspace", sa.literal_column("lower(coalesce(accounts.traits ->> 'name', accounts.account))"), "account"],
        unique=False,
    )
    op.create_index(
        "accounts_traits",
        "accounts",
        ["traits"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"traits": "jsonb_path_ops"},
    )
    op.create_index(
        "accounts_words",
        "accounts",
        [
            sa.literal_column(
                "to_tsvector('simple', regexp_replace((coalesce(account, '') || ' ') || coalesce(traits ->> 'name', ''), '[^[:alnum:]]+', ' ', 'g'))"
            )
        ],
        unique=False,
        postgresql_using="gin",
    )
    op.create_table(
        "alerts",
        sa.Column("workspace", sa.Integer(), nullable=False),
        sa.Column("episode", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("account", sa.Integer(), nullable=True),
        sa.Column("segment", sa.Text(), nullable=True),
        sa.Column("user", sa.BigInteger(), nullable=True),
        sa.Column("behavior", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("onset", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fired_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column(
            "evidence", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("silenced", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("inhibited_by", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace"], ["workspaces.id"], name=op.f("alerts_workspace_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("workspace", "episode", name=op.f("alerts_pkey")),
    )
    op.create_index("alerts_newest", "alerts", ["workspace", "fired_at", "episode"], unique=False)
    op.create_index("alerts_of_account", "alerts", ["workspace", "account", "fired_at", "episode"], unique=False)
    op.create_index("alerts_of_fingerprint", "alerts", ["workspace", "fingerprint", "fired_at"], unique=False)
    op.create_index("alerts_of_kind", "alerts", ["workspace", "kind", "fired_at", "episode"], unique=False)
    op.create_index("alerts_of_origin", "alerts", ["workspace", "origin", "fired_at", "episode"], unique=False)
    op.create_index(
        "alerts_of_segment",
        "alerts",
        [
            "workspace",
            sa.literal_column("coalesce(alerts.segment, alerts.evidence ->> 'segment')"),
            "fired_at",
            "episode",
        ],
        unique=False,
    )
    op.create_index("alerts_of_state", "alerts", ["workspace", "state", "fired_at", "episode"], unique=False)
    op.create_index(
        "alerts_open",
        "alerts",
        ["workspace", "fired_at", "episode"],
        unique=False,
        postgresql_where=sa.text("state NOT IN ('resolved', 'retracted')"),
    )
    op.create_index(
        "alerts_words",
        "alerts",
        [sa.literal_column("to_tsvector('simple', regexp_replace(coalesce(sentence, ''), '[^[:alnum:]]+', ' ', 'g'))")],
        unique=False,
        postgresql_using="gin",
    )
    op.create_table(
        "aliases",
        sa.Column("workspace", sa.Integer(), nullable=False),
        sa.Column("previous", sa.Text(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace"], ["workspaces.id"], name=op.f("aliases_workspace_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("workspace", "previous", "user", name=op.f("aliases_pkey")),
    )
    op.create_table(
        "behaviors",
        sa.Column("workspace", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("behavior", sa.Text(), nullable=False),
        sa.Column(
            "definition", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("automatic", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("effective_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace"], ["workspaces.id"], name=op.f("behaviors_workspace_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("workspace", "number", name=op.f("behaviors_pkey")),
    )
    op.create_index(
        "behaviors_active",
        "behaviors",
        ["workspace", "behavior"],
        unique=True,
        postgresql_where=sa.text("state = 'active'"),
    )
    op.create_table(
        "checkpoints",
        sa.Column("workspace", sa.Integer(), nullable=False),
        sa.Column("moment", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace"], ["workspaces.id"], name=op.f("checkpoints_workspace_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("workspace", "moment", name=op.f("checkpoints_pkey")),
    )
    op.create_table(
        "endpoints",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("workspace", sa.Integer(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("event_types", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), server_default="enabled", nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace"], ["workspaces.id"], name=op.f("endpoints_workspace_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("endpoints_pkey")),
    )
    op.create_index(op.f("endpoints_workspace"), "endpoints", ["workspace"], unique=False)
    op.create_table(
        "evaluations",
        sa.Column("workspace", sa.Integer(), nullable=False),
        sa.Column("moment", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("keys", sa.Integer(), nullable=False),
        sa.Column("findings", sa.Integer(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace"], ["workspaces.id"], name=op.f("evaluations_workspace_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("workspace", "moment", "revision", name=op.f("evaluations_pkey")),
    )
    op.create_table(
        "imports",
        sa.Column("workspace", sa.Integer(), nullable=False),
        sa.Column("import_id", sa.Text(), nullable=False),
        sa.Column("partition", sa.SmallInteger(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace"], ["workspaces.id"], name=op.f("imports_workspace_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("workspace", "import_id", "partition", name=op.f("imports_pkey")),
    )
    op.create_table(
        "keys",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("workspace", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["workspace"], ["workspaces.id"], name=op.f("keys_workspace_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("keys_pkey")),
        sa.UniqueConstraint("hash", name=op.f("keys_hash_key")),
    )
    op.create_index(op.f("keys_workspace"), "keys", ["workspace"], unique=False)
    op.create_table(
        "progress",
        sa.Column("workspace", sa.Integer(), nullable=False),
        sa.Column("evaluated_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dirty_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("history_dirty_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("history_closed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("pending_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pending_history", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "gaps", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column("revision", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace"], ["workspaces.id"], name=op.f("progress_workspace_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("workspace", name=op.f("progress_pkey")),
    )
    op.create_table(
        "rebuilds",
        sa.Column("workspace", sa.Integer(), nullable=False),
        sa.Column("behavior", sa.Integer(), nullable=False),
        sa.Column("topic", sa.SmallInteger(), nullable=False),
        sa.Column("partition", sa.SmallInteger(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("next_offset", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace"], ["workspaces.id"], name=op.f("rebuilds_workspace_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("workspace", "behavior", "topic", "partition", name=op.f("rebuilds_pkey")),
    )
    op.create_table(
        "releases",
        sa.Column("workspace", sa.Integer(), nullable=False),
        sa.Column("release", sa.Text(), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("behaviors", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("accounts", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace"], ["workspaces.id"], name=op.f("releases_workspace_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("workspace", "release", name=op.f("releases_pkey")),
    )
    op.create_table(
        "users",
        sa.Column("workspace", sa.Integer(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("side", sa.Text(), server_default="customer", nullable=False),
        sa.Column(
            "traits", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace"], ["workspaces.id"], name=op.f("users_workspace_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("workspace", "number", name=op.f("users_pkey")),
        sa.UniqueConstraint("workspace", "user", name=op.f("users_workspace_user_key")),
    )
    op.create_index(
        "users_of_others",
        "users",
        ["workspace", "number"],
        unique=False,
        postgresql_where=sa.text("side <> 'customer'"),
    )
    op.create_table(
        "account_facts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("workspace", sa.Integer(), nullable=False),
        sa.Column("account", sa.Integer(), nullable=False),
        sa.Column(
            "traits", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace", "account"],
            ["accounts.workspace", "accounts.number"],
            name=op.f("account_facts_workspace_account_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("account_facts_pkey")),
    )
    op.create_index("account_facts_of_account", "account_facts", ["workspace", "account", "valid_from"], unique=False)
    op.create_table(
        "goal_points",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("workspace", sa.Integer(), nullable=False),
        sa.Column("account", sa.Integer(), nullable=False),
        sa.Column("goal", sa.Text(), nullable=False),
        sa.Column("level", sa.Float(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace", "account"],
            ["accounts.workspace", "accounts.number"],
            name=op.f("goal_points_workspace_account_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("goal_points_pkey")),
    )
    op.create_index("goal_points_of_account", "goal_points", ["workspace", "account", "valid_from"], unique=False)
    op.create_table(
        "goals",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("workspace", sa.Integer(), nullable=False),
        sa.Column("account", sa.Integer(), nullable=False),
        sa.Column("goal", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("baseline", sa.Float(), nullable=False),
        sa.Column("target", sa.Float(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "milestones", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace", "account"],
            ["accounts.workspace", "accounts.number"],
            name=op.f("goals_workspace_account_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("goals_pkey")),
    )
    op.create_index("goals_of_account", "goals", ["workspace", "account", "valid_from"], unique=False)
    op.create_table(
        "memberships",
        sa.Column("workspace", sa.Integer(), nullable=False),
        sa.Column("user", sa.BigInteger(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("account", sa.Integer(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace", "account"],
            ["accounts.workspace", "accounts.number"],
            name=op.f("memberships_workspace_account_fkey"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace", "user"],
            ["users.workspace", "users.number"],
            name=op.f("memberships_workspace_user_fkey"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace"], ["workspaces.id"], name=op.f("memberships_workspace_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("workspace", "user", "valid_from", "account", name=op.f("memberships_pkey")),
    )
    op.create_index("memberships_of_account", "memberships", ["workspace", "account", "user"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("workspace", sa.Integer(), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("episode", sa.Text(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("webhook_id", sa.Text(), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["endpoint"], ["endpoints.id"], name=op.f("outbox_endpoint_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("outbox_pkey")),
        sa.UniqueConstraint("endpoint", "episode", "sequence", name=op.f("outbox_endpoint_episode_sequence_key")),
        sa.UniqueConstraint("webhook_id", name=op.f("outbox_webhook_id_key")),
    )
    op.create_index(
        "outbox_due", "outbox", ["next_attempt_at"], unique=False, postgresql_where=sa.text("state = 'waiting'")
    )
    op.create_table(
        "outcomes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("workspace", sa.Integer(), nullable=False),
        sa.Column("account", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("arr_before", sa.Float(), nullable=True),
        sa.Column("arr_after", sa.Float(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace", "account"],
            ["accounts.workspace", "accounts.number"],
            name=op.f("outcomes_workspace_account_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("outcomes_pkey")),
    )
    op.create_index("outcomes_of_account", "outcomes", ["workspace", "account", "valid_from"], unique=False)
    op.create_table(
        "signals",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("workspace", sa.Integer(), nullable=False),
        sa.Column("account", sa.Integer(), nullable=False),
        sa.Column("signal", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("participants", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("id_hash", sa.LargeBinary(), nullable=False),
        sa.Column(
            "properties", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace", "account"],
            ["accounts.workspace", "accounts.number"],
            name=op.f("signals_workspace_account_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("signals_pkey")),
    )
    op.create_index("signals_of_account", "signals", ["workspace", "account", "valid_from"], unique=False)
    op.create_table(
        "subscriptions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("workspace", sa.Integer(), nullable=False),
        sa.Column("account", sa.Integer(), nullable=False),
        sa.Column("subscription", sa.Text(), nullable=False),
        sa.Column("term_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("renewal_date", sa.DateTime(timezone=True), nullable=True),
        sa.Column("notice_deadline", sa.DateTime(timezone=True), nullable=True),
        sa.Column("arr", sa.Float(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("seats", sa.Integer(), nullable=True),
        sa.Column("plan", sa.Text(), nullable=True),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace", "account"],
            ["accounts.workspace", "accounts.number"],
            name=op.f("subscriptions_workspace_account_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("subscriptions_pkey")),
    )
    op.create_index("subscriptions_of_account", "subscriptions", ["workspace", "account", "valid_from"], unique=False)
    op.create_table(
        "transitions",
        sa.Column("workspace", sa.Integer(), nullable=False),
        sa.Column("episode", sa.Text(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("transition", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), server_default="ebbtide", nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column(
            "evidence", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace", "episode"],
            ["alerts.workspace", "alerts.episode"],
            name=op.f("transitions_workspace_episode_fkey"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace"], ["workspaces.id"], name=op.f("transitions_workspace_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("workspace", "episode", "sequence", name=op.f("transitions_pkey")),
    )
    op.create_table(
        "user_facts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("workspace", sa.Integer(), nullable=False),
        sa.Column("user", sa.BigInteger(), nullable=False),
        sa.Column(
            "traits", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace", "user"],
            ["users.workspace", "users.number"],
            name=op.f("user_facts_workspace_user_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("user_facts_pkey")),
    )
    op.create_index("user_facts_of_user", "user_facts", ["workspace", "user", "valid_from"], unique=False)
    op.create_table(
        "verdicts",
        sa.Column("workspace", sa.Integer(), nullable=False),
        sa.Column("episode", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace", "episode"],
            ["alerts.workspace", "alerts.episode"],
            name=op.f("verdicts_workspace_episode_fkey"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace"], ["workspaces.id"], name=op.f("verdicts_workspace_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("workspace", "episode", "recorded_at", name=op.f("verdicts_pkey")),
    )
    op.create_table(
        "attempts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("outbox", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("response", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["outbox"], ["outbox.id"], name=op.f("attempts_outbox_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("attempts_pkey")),
    )
    op.create_index(op.f("attempts_outbox"), "attempts", ["outbox"], unique=False)
    # Hashes don't compress; kept out of line as they are, they cost the transaction nothing more.
    op.execute("ALTER TABLE counted_ids ALTER COLUMN ids SET STORAGE EXTERNAL")
    hypertable("windows", "hour", "30 days")
    compressed("windows", "workspace, account", "180 days")


def downgrade() -> None:
    """Removes every table."""
    op.drop_index(op.f("attempts_outbox"), table_name="attempts")
    op.drop_table("attempts")
    op.drop_table("verdicts")
    op.drop_index("user_facts_of_user", table_name="user_facts")
    op.drop_table("user_facts")
    op.drop_table("transitions")
    op.drop_index("subscriptions_of_account", table_name="subscriptions")
    op.drop_table("subscriptions")
    op.drop_index("signals_of_account", table_name="signals")
    op.drop_table("signals")
    op.drop_index("outcomes_of_account", table_name="outcomes")
    op.drop_table("outcomes")
    op.drop_index("outbox_due", table_name="outbox", postgresql_where=sa.text("state = 'waiting'"))
    op.drop_table("outbox")
    op.drop_index("memberships_of_account", table_name="memberships")
    op.drop_table("memberships")
    op.drop_index("goals_of_account", table_name="goals")
    op.drop_table("goals")
    op.drop_index("goal_points_of_account", table_name="goal_points")
    op.drop_table("goal_points")
    op.drop_index("account_facts_of_account", table_name="account_facts")
    op.drop_table("account_facts")
    op.drop_index("users_of_others", table_name="users", postgresql_where=sa.text("side <> 'customer'"))
    op.drop_table("users")
    op.drop_table("releases")
    op.drop_table("rebuilds")
    op.drop_table("progress")
    op.drop_index(op.f("keys_workspace"), table_name="keys")
    op.drop_table("keys")
    op.drop_table("imports")
    op.drop_table("evaluations")
    op.drop_index(op.f("endpoints_workspace"), table_name="endpoints")
    op.drop_table("endpoints")
    op.drop_table("checkpoints")
    op.drop_index("behaviors_active", table_name="behaviors", postgresql_where=sa.text("state = 'active'"))
    op.drop_table("behaviors")
    op.drop_table("aliases")
    op.drop_index("alerts_words", table_name="alerts", postgresql_using="gin")
    op.drop_index(
        "alerts_open", table_name="alerts", postgresql_where=sa.text("state NOT IN ('resolved', 'retracted')")
    )
    op.drop_index("alerts_of_state", table_name="alerts")
    op.drop_index("alerts_of_segment", table_name="alerts")
    op.drop_index("alerts_of_origin", table_name="alerts")
    op.drop_index("alerts_of_kind", table_name="alerts")
    op.drop_index("alerts_of_fingerprint", table_name="alerts")
    op.drop_index("alerts_of_account", table_name="alerts")
    op.drop_index("alerts_newest", table_name="alerts")
    op.drop_table("alerts")
    op.drop_index("accounts_words", table_name="accounts", postgresql_using="gin")
    op.drop_index(
        "accounts_traits", table_name="accounts", postgresql_using="gin", postgresql_ops={"traits": "jsonb_path_ops"}
    )
    op.drop_index("accounts_by_name", table_name="accounts")
    op.drop_index("accounts_by_arr", table_name="accounts")
    op.drop_table("accounts")
    op.drop_table("workspaces")
    op.drop_index("windows_of_account", table_name="windows")
    op.drop_table("windows")
    op.drop_index("unassigned_of_user", table_name="unassigned")
    op.drop_table("unassigned")
    op.drop_index("rejected_of_workspace", table_name="rejected")
    op.drop_table("rejected")
    op.drop_table("offsets")
    op.drop_index("counted_ids_of_partition", table_name="counted_ids")
    op.drop_table("counted_ids")

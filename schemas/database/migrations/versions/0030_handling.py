"""Alerts that people handle, steps that say whether they were told, and writes that are carried out once."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0021"
branch_labels = None
depends_on = None

_TEXTS = ("handling", "assignee")


def upgrade() -> None:
    """Adds the columns; what receivers were told of so far follows from the alert's origin and state."""
    op.add_column("alerts", sa.Column("condition", sa.Text(), server_default="firing", nullable=False))
    op.add_column("alerts", sa.Column("belief", sa.Text(), server_default="nothing", nullable=False))
    op.add_column("alerts", sa.Column("snoozed_until", sa.DateTime(timezone=True), nullable=True))
    for name in _TEXTS:
        op.add_column("alerts", sa.Column(name, sa.Text(), nullable=True))
    op.add_column("transitions", sa.Column("told", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.execute("UPDATE alerts SET condition = state WHERE state NOT IN ('acknowledged', 'snoozed')")
    op.execute("""
        UPDATE alerts SET belief = CASE state WHEN 'retracted' THEN 'nothing' WHEN 'resolved' THEN 'over' ELSE 'open' END
        WHERE origin = 'live'
    """)
    op.execute("""
        UPDATE transitions SET told = true FROM alerts
        WHERE alerts.workspace = transitions.workspace AND alerts.episode = transitions.episode
          AND alerts.origin = 'live' AND transition <> 'recovering'
    """)
    op.create_index(
        "alerts_snoozed", "alerts", ["snoozed_until"], postgresql_where=sa.text("snoozed_until IS NOT NULL")
    )
    op.create_table(
        "requests",
        sa.Column("workspace", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["workspace"], ["workspaces.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("workspace", "key"),
    )
    op.create_index("requests_by_age", "requests", ["recorded_at"])


def downgrade() -> None:
    """Drops them."""
    op.drop_table("requests")
    op.drop_index("alerts_snoozed", "alerts")
    op.drop_column("transitions", "told")
    for name in (*_TEXTS, "snoozed_until", "belief", "condition"):
        op.drop_column("alerts", name)

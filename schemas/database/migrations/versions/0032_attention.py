"""Whose an alert is, how urgent, and what of it waits for the weekly digest."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_INDEXES = {
    "alerts_by_priority": ["workspace", "priority", "episode"],
    "alerts_of_csm": ["workspace", "csm", "fired_at", "episode"],
    "alerts_of_csm_by_priority": ["workspace", "csm", "priority", "episode"],
    "alerts_of_assignee": ["workspace", "assignee", "fired_at", "episode"],
}


def upgrade() -> None:
    """Adds columns, indexes and tables; open alerts are weighed with the next evaluation."""
    op.add_column("alerts", sa.Column("deferred", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("alerts", sa.Column("csm", sa.Text(), nullable=True))
    op.add_column("alerts", sa.Column("priority", sa.Float(), server_default="0", nullable=False))
    parts = sa.Column("priority_parts", JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False)
    op.add_column("alerts", parts)
    op.execute("""
        UPDATE alerts SET csm = nullif(accounts.traits ->> 'csm', '') FROM accounts
        WHERE accounts.workspace = alerts.workspace AND accounts.number = alerts.account
    """)
    for name, columns in _INDEXES.items():
        op.create_index(name, "alerts", columns)
    op.create_table(
        "csms",
        sa.Column("workspace", sa.Integer(), nullable=False),
        sa.Column("csm", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), server_default="UTC", nullable=False),
        sa.Column("working_days", ARRAY(sa.SmallInteger()), server_default="{0,1,2,3,4}", nullable=False),
        sa.Column("quiet_from", sa.Text(), nullable=True),
        sa.Column("quiet_to", sa.Text(), nullable=True),
        sa.Column("weekly_budget", sa.Integer(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["workspace"], ["workspaces.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("workspace", "csm"),
    )
    op.create_table(
        "digests",
        sa.Column("workspace", sa.Integer(), nullable=False),
        sa.Column("csm", sa.Text(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content", JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["workspace"], ["workspaces.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("workspace", "csm", "until"),
    )
    op.create_index("digests_newest", "digests", ["workspace", "until", "csm"])


def downgrade() -> None:
    """Drops them."""
    op.drop_table("digests")
    op.drop_table("csms")
    for name in _INDEXES:
        op.drop_index(name, "alerts")
    for name in ("priority_parts", "priority", "csm", "deferred"):
        op.drop_column("alerts", name)

"""Silences by matchers, and which one silences an alert."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the table; nothing could silence an alert before."""
    op.create_table(
        "silences",
        sa.Column("workspace", sa.Integer(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("matchers", JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="pending", nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["workspace"], ["workspaces.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("workspace", "id"),
    )
    op.create_index("silences_due", "silences", ["ends_at"], postgresql_where=sa.text("state <> 'over'"))
    op.add_column("alerts", sa.Column("silenced_by", sa.Text(), nullable=True))
    op.drop_column("alerts", "silenced")


def downgrade() -> None:
    """Drops it."""
    op.add_column("alerts", sa.Column("silenced", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.drop_column("alerts", "silenced_by")
    op.drop_table("silences")

"""Who is judged, by account and kind; and what each month's calibration means."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def _of_workspace() -> sa.Column[int]:
    return sa.Column("workspace", sa.Integer, sa.ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True)


def _recorded() -> sa.Column[object]:
    return sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now())


def upgrade() -> None:
    """Makes the two tables."""
    op.create_table(
        "coverage",
        _of_workspace(),
        sa.Column("account", sa.Integer, primary_key=True),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("status", sa.SmallInteger, nullable=False),
        sa.Column("begun", sa.Integer, nullable=False),
        sa.Column("days_needed", sa.SmallInteger, nullable=False),
        sa.Column("due", sa.REAL, nullable=False),
        sa.Column("due_needed", sa.REAL, nullable=False),
        _recorded(),
    )
    judged = sa.text("status = 2")
    op.create_index("coverage_judged", "coverage", ["workspace", "account"], postgresql_where=judged)
    op.create_table(
        "calibrations",
        _of_workspace(),
        sa.Column("month", sa.DateTime(timezone=True), primary_key=True),
        sa.Column("meaning", JSONB, nullable=False, server_default=sa.text("'{}'::jsonb")),
        _recorded(),
    )


def downgrade() -> None:
    """Drops them."""
    op.drop_table("calibrations")
    op.drop_table("coverage")

"""When late data came: a bulk of it is judged once it has all come."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds since when, and when last, late data changed windows."""
    op.add_column("progress", sa.Column("late_since", sa.DateTime(timezone=True)))
    op.add_column("progress", sa.Column("late_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    """Forgets it."""
    op.drop_column("progress", "late_at")
    op.drop_column("progress", "late_since")

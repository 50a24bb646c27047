"""Silenced alerts are few: they have an index of their own."""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Lays it."""
    few = sa.text("silenced_by IS NOT NULL")
    op.create_index("alerts_silenced", "alerts", ["workspace", "fired_at", "episode"], postgresql_where=few)


def downgrade() -> None:
    """Drops it."""
    op.drop_index("alerts_silenced", "alerts")

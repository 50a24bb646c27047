"""The least priority that an endpoint wants to hear of."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds it; 0 lets everything through."""
    op.add_column("endpoints", sa.Column("least_priority", sa.Float(), nullable=False, server_default="0"))


def downgrade() -> None:
    """Drops it."""
    op.drop_column("endpoints", "least_priority")

"""How much a key may do in a second, where that differs from the setting."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the column; keys that were there follow the setting."""
    op.add_column("keys", sa.Column("per_second", sa.Float(), nullable=True))


def downgrade() -> None:
    """Drops it."""
    op.drop_column("keys", "per_second")

"""Steps in the order in which they were committed, so that who follows them misses none."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Numbers the steps; those of before come first, in the order in which they were recorded."""
    op.add_column("transitions", sa.Column("committed_by", sa.BigInteger(), server_default="0", nullable=False))
    op.alter_column("transitions", "committed_by", server_default=sa.text("(pg_current_xact_id()::text)::bigint"))
    op.create_index("transitions_in_order", "transitions", ["workspace", "committed_by", "episode", "sequence"])


def downgrade() -> None:
    """Drops the numbers."""
    op.drop_index("transitions_in_order", "transitions")
    op.drop_column("transitions", "committed_by")

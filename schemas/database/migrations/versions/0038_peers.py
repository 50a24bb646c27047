"""The segment of an alert's peers as a column, so that open alerts are counted by it without their evidence."""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

_SEGMENT = "coalesce(segment, evidence ->> 'segment')"
_OPEN = "state NOT IN ('resolved', 'retracted') AND origin <> 'shadow'"


def upgrade() -> None:
    """Adds it, with an index of those that are open."""
    op.add_column("alerts", sa.Column("peers", sa.Text(), sa.Computed(_SEGMENT, persisted=True)))
    op.create_index("alerts_open_of_peers", "alerts", ["workspace", "peers"], postgresql_where=sa.text(_OPEN))


def downgrade() -> None:
    """Drops it."""
    op.drop_index("alerts_open_of_peers", "alerts")
    op.drop_column("alerts", "peers")

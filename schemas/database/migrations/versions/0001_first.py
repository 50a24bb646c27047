"""The first schema: customers, the pipeline, alerts, delivery."""

from alembic import op

from schemas.database.migrations.timescale import compressed, hypertable
from schemas.database.tables import metadata

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Builds every table; windows become a hypertable where the extension is."""
    metadata.create_all(op.get_bind())
    op.execute("ALTER TABLE counted_ids ALTER COLUMN ids SET STORAGE EXTERNAL")
    hypertable("windows", "hour", "30 days")
    compressed("windows", "workspace, account", "180 days")


def downgrade() -> None:
    """Removes every table."""
    metadata.drop_all(op.get_bind())

"""Which facts about users say a role: past days are judged by the champions they had."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the index."""
    says = sa.text("traits ? 'role'")
    op.create_index("user_facts_of_roles", "user_facts", ["workspace", "user"], postgresql_where=says)


def downgrade() -> None:
    """Drops it."""
    op.drop_index("user_facts_of_roles", table_name="user_facts")

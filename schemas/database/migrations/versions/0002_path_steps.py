"""Steps of ordered paths, and who declared a behavior."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Builds `path_steps`; what was declared so far came from the file."""
    op.create_table(
        "path_steps",
        sa.Column("workspace", sa.Integer(), nullable=False),
        sa.Column("behavior", sa.Integer(), nullable=False),
        sa.Column("account", sa.Integer(), nullable=False),
        sa.Column("user", sa.BigInteger(), nullable=False),
        sa.Column("time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("steps", sa.Integer(), nullable=False),
        sa.Column("topic", sa.SmallInteger(), nullable=False),
        sa.Column("id_hash", sa.LargeBinary(), nullable=False),
        sa.Column("fresh", sa.Boolean(), server_default=sa.text("true"), nullable=False),
    )
    op.create_index("path_steps_of_user", "path_steps", ["workspace", "behavior", "account", "user", "time"])
    op.create_index(
        "path_steps_fresh",
        "path_steps",
        ["workspace", "behavior", "account", "user"],
        postgresql_where=sa.text("fresh"),
    )
    op.add_column("behaviors", sa.Column("source", sa.Text(), nullable=True))
    op.execute("UPDATE behaviors SET source = 'file' WHERE NOT automatic")


def downgrade() -> None:
    """Removes them."""
    op.drop_column("behaviors", "source")
    op.drop_index("path_steps_fresh", table_name="path_steps")
    op.drop_index("path_steps_of_user", table_name="path_steps")
    op.drop_table("path_steps")

"""Segments' figures, kept by blocks of a thousand accounts; a change marks its block, and only that is counted again."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

_MARKING = {"accounts": "number", "coverage": "account"}
_EVENTS = {"INSERT": "NEW", "UPDATE": "NEW", "DELETE": "OLD"}


def upgrade() -> None:
    """Makes tables and triggers, and marks every block that there is."""
    op.create_table(
        "segment_figures",
        sa.Column("workspace", sa.Integer(), nullable=False),
        sa.Column("block", sa.Integer(), nullable=False),
        sa.Column("dimension", sa.SmallInteger(), nullable=False),
        sa.Column("band", sa.Text(), nullable=False),
        sa.Column("accounts", sa.Integer(), nullable=False),
        sa.Column("arr", sa.Numeric(), nullable=False),
        sa.Column("judged", sa.Integer(), nullable=False),
        sa.Column("judged_arr", sa.Numeric(), nullable=False),
        sa.ForeignKeyConstraint(["workspace"], ["workspaces.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("workspace", "block", "dimension", "band"),
    )
    op.create_table(
        "segment_marks",
        sa.Column("workspace", sa.Integer(), nullable=False),
        sa.Column("block", sa.Integer(), nullable=False),
    )
    op.create_index("segment_marks_of_workspace", "segment_marks", ["workspace"])
    for table, number in _MARKING.items():
        op.execute(f"""
            CREATE FUNCTION mark_segments_of_{table}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                INSERT INTO segment_marks SELECT DISTINCT workspace, {number} / 1000 FROM changed;
                RETURN NULL;
            END $$
        """)
        for event, rows in _EVENTS.items():
            op.execute(f"""
                CREATE TRIGGER {table}_mark_segments_{event.lower()} AFTER {event} ON {table}
                REFERENCING {rows} TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION mark_segments_of_{table}()
            """)
    op.execute("INSERT INTO segment_marks SELECT DISTINCT workspace, number / 1000 FROM accounts")


def downgrade() -> None:
    """Drops them."""
    for table in _MARKING:
        for event in _EVENTS:
            op.execute(f"DROP TRIGGER {table}_mark_segments_{event.lower()} ON {table}")
        op.execute(f"DROP FUNCTION mark_segments_of_{table}()")
    op.drop_table("segment_marks")
    op.drop_table("segment_figures")

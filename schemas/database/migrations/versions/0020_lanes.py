"""Each endpoint's messages in a lane of their own; several rotations a day; what a disabled endpoint misses is held."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0010"
branch_labels = None
depends_on = None

_OLD = ("old_secret", "old_signing_key", "old_until")


def upgrade() -> None:
    """Moves keys that still sign into a table of their own, and lays the lanes' indexes."""
    op.add_column("endpoints", sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "old_keys",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("workspace", sa.Integer(), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("signing_key", sa.Text(), nullable=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["endpoint"], ["endpoints.id"], name="old_keys_endpoint_fkey", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="old_keys_pkey"),
    )
    op.create_index("old_keys_endpoint", "old_keys", ["endpoint"])
    op.execute("""INSERT INTO old_keys (workspace, endpoint, secret, signing_key, until)
                  SELECT workspace, id, old_secret, old_signing_key, old_until FROM endpoints
                  WHERE old_secret IS NOT NULL AND old_until > now()""")
    for name in _OLD:
        op.drop_column("endpoints", name)
    op.drop_index("outbox_due", table_name="outbox")
    waiting = sa.text("state = 'waiting'")
    op.create_index("outbox_due", "outbox", ["endpoint", "next_attempt_at", "id"], postgresql_where=waiting)
    op.add_column("outbox", sa.Column("fingerprint", sa.Text(), nullable=True))
    op.create_index("outbox_series", "outbox", ["endpoint", "fingerprint", "id"], postgresql_where=waiting)
    op.create_index("outbox_leased", "outbox", ["endpoint"], postgresql_where=sa.text("leased_until IS NOT NULL"))
    undelivered = sa.text("state <> 'delivered'")
    op.create_index("outbox_undelivered", "outbox", ["endpoint", "state"], postgresql_where=undelivered)
    op.create_index("outbox_recorded", "outbox", ["recorded_at"])


def downgrade() -> None:
    """One lane for all again; keys rotated away sign no longer."""
    for name in ("outbox_recorded", "outbox_undelivered", "outbox_leased", "outbox_series", "outbox_due"):
        op.drop_index(name, table_name="outbox")
    op.drop_column("outbox", "fingerprint")
    op.create_index("outbox_due", "outbox", ["next_attempt_at"], postgresql_where=sa.text("state = 'waiting'"))
    op.drop_table("old_keys")
    for name in _OLD[:2]:
        op.add_column("endpoints", sa.Column(name, sa.Text(), nullable=True))
    op.add_column("endpoints", sa.Column(_OLD[2], sa.DateTime(timezone=True), nullable=True))
    op.drop_column("endpoints", "paused_until")

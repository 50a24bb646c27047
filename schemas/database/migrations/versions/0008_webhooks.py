"""Webhooks that are signed with a key pair too, whose secrets rotate, and that are disabled when they fail for days."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0008"
down_revision = "0006"
branch_labels = None
depends_on = None

_TEXTS = ("signing_key", "old_secret", "old_signing_key")
_MOMENTS = ("old_until", "failing_since")
_FILTERS = ("kinds", "segments", "csms")


def upgrade() -> None:
    """Adds the columns; an endpoint that was there gets a key pair with its next rotation."""
    for name in _TEXTS:
        op.add_column("endpoints", sa.Column(name, sa.Text(), nullable=True))
    for name in _MOMENTS:
        op.add_column("endpoints", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    for name in _FILTERS:
        op.add_column("endpoints", sa.Column(name, ARRAY(sa.Text()), server_default="{}", nullable=False))


def downgrade() -> None:
    """Drops them."""
    for name in (*_TEXTS, *_MOMENTS, *_FILTERS):
        op.drop_column("endpoints", name)

"""The words of alerts and the CSMs of accounts as columns, worked out once and not for every row that a list looks at."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

_WORDS = "to_tsvector('simple', regexp_replace(coalesce(sentence, ''), '[^[:alnum:]]+', ' ', 'g'))"
_CSM = "left(traits ->> 'csm', 256)"
_OPEN = "state NOT IN ('resolved', 'retracted') AND origin <> 'shadow'"


def upgrade() -> None:
    """Adds them with their indexes, and what sorting by priority needs."""
    op.drop_index("alerts_words", "alerts")
    op.add_column("alerts", sa.Column("words", TSVECTOR(), sa.Computed(_WORDS, persisted=True)))
    op.create_index("alerts_words", "alerts", ["words"], postgresql_using="gin")
    op.create_index("alerts_of_assignee_by_priority", "alerts", ["workspace", "assignee", "priority", "episode"])
    op.create_index("alerts_of_state_by_priority", "alerts", ["workspace", "state", "priority", "episode"])
    op.create_index("alerts_open_of_csm", "alerts", ["workspace", "csm", "priority"], postgresql_where=sa.text(_OPEN))
    op.add_column("accounts", sa.Column("csm", sa.Text(), sa.Computed(_CSM, persisted=True)))
    op.create_index("accounts_of_csm", "accounts", ["workspace", "csm"])


def downgrade() -> None:
    """Drops them; words are worked out for each row again."""
    op.drop_index("accounts_of_csm", "accounts")
    op.drop_column("accounts", "csm")
    op.drop_index("alerts_open_of_csm", "alerts")
    op.drop_index("alerts_of_state_by_priority", "alerts")
    op.drop_index("alerts_of_assignee_by_priority", "alerts")
    op.drop_index("alerts_words", "alerts")
    op.drop_column("alerts", "words")
    op.create_index("alerts_words", "alerts", [sa.literal_column(_WORDS)], postgresql_using="gin")

"""Identities that can be taken back, and partitions that can be added: layouts, strays, and a fence for both."""

import sqlalchemy as sa
from alembic import op

from schemas.identities import persons

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# Ids that were only ever named in an alias have no number yet.
_NUMBER = """
WITH missing AS (
    SELECT named.workspace, named.id, row_number() OVER (PARTITION BY named.workspace ORDER BY named.id) AS place
    FROM (SELECT workspace, previous AS id FROM aliases UNION SELECT workspace, "user" FROM aliases) AS named
    WHERE NOT EXISTS (SELECT FROM users WHERE users.workspace = named.workspace AND users."user" = named.id)
), made AS (
    INSERT INTO users (workspace, number, "user")
    SELECT missing.workspace, workspaces.next_user + missing.place - 1, missing.id
    FROM missing JOIN workspaces ON workspaces.id = missing.workspace
    RETURNING workspace
)
UPDATE workspaces SET next_user = next_user + counted.n
FROM (SELECT workspace, count(*) AS n FROM made GROUP BY workspace) AS counted WHERE workspaces.id = counted.workspace
"""
_TAKE_OVER = """
INSERT INTO identities (workspace, previous, "user", joined, valid_from, recorded_at)
SELECT said.workspace, before.number, after.number, true, said.valid_from, said.recorded_at
FROM aliases AS said
JOIN users AS before ON before.workspace = said.workspace AND before."user" = said.previous
JOIN users AS after ON after.workspace = said.workspace AND after."user" = said."user"
WHERE before.number <> after.number
"""
# The earliest it can be; it only says from where on days are evaluated again.
_SEEN = """
UPDATE users SET seen_from = earliest.hour
FROM (SELECT workspace, min(hour) AS hour FROM windows GROUP BY workspace) AS earliest
WHERE users.workspace = earliest.workspace
"""
_GIVE_BACK = """
INSERT INTO aliases (workspace, previous, "user", valid_from)
SELECT said.workspace, before."user", after."user", min(said.valid_from)
FROM identities AS said
JOIN users AS before ON before.workspace = said.workspace AND before.number = said.previous
JOIN users AS after ON after.workspace = said.workspace AND after.number = said."user"
WHERE said.joined GROUP BY 1, 2, 3
"""
_LAYOUT = """
UPDATE offsets SET partitions = known.n
FROM (SELECT topic, count(*) AS n FROM offsets GROUP BY topic) AS known WHERE offsets.topic = known.topic
"""


def upgrade() -> None:
    """Adds them, and takes over the aliases."""
    op.add_column("offsets", sa.Column("partitions", sa.SmallInteger(), server_default="1", nullable=False))
    op.add_column("offsets", sa.Column("version", sa.BigInteger(), server_default="0", nullable=False))
    op.execute(_LAYOUT)
    op.create_table(
        "strays",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("topic", sa.SmallInteger(), nullable=False),
        sa.Column("home", sa.SmallInteger(), nullable=False),
        sa.Column("partition", sa.SmallInteger(), nullable=False),
        sa.Column("record_offset", sa.BigInteger(), nullable=False),
        sa.Column("positions", sa.LargeBinary(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("strays_pkey")),
    )
    op.create_index("strays_of_home", "strays", ["topic", "home", "id"])
    op.add_column("users", sa.Column("person", sa.BigInteger(), nullable=True))
    op.add_column("users", sa.Column("seen_from", sa.DateTime(timezone=True), nullable=True))
    op.create_index("users_of_person", "users", ["workspace", "person"], postgresql_where=sa.text("person IS NOT NULL"))
    op.create_table(
        "identities",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("workspace", sa.Integer(), nullable=False),
        sa.Column("previous", sa.BigInteger(), nullable=False),
        sa.Column("user", sa.BigInteger(), nullable=False),
        sa.Column("joined", sa.Boolean(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace", "previous"],
            ["users.workspace", "users.number"],
            name=op.f("identities_workspace_previous_fkey"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace", "user"],
            ["users.workspace", "users.number"],
            name=op.f("identities_workspace_user_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("identities_pkey")),
        sa.UniqueConstraint(
            "workspace",
            "previous",
            "user",
            "joined",
            "valid_from",
            name=op.f("identities_workspace_previous_user_joined_valid_from_key"),
        ),
    )
    op.create_index("identities_of_user", "identities", ["workspace", "user", "previous"])
    op.execute(_NUMBER)
    op.execute(_TAKE_OVER)
    op.execute(_SEEN)
    _join()
    op.drop_table("aliases")


def _join() -> None:
    connection = op.get_bind()
    pairs: dict[int, list[tuple[int, int]]] = {}
    for row in connection.execute(sa.text('SELECT workspace, previous, "user" FROM identities')):
        pairs.setdefault(row[0], []).append((row[1], row[2]))
    for workspace, of in pairs.items():
        heads = persons(of)
        rows = [{"w": workspace, "n": n, "p": heads.get(n, n)} for n in {number for pair in of for number in pair}]
        connection.execute(sa.text("UPDATE users SET person = :p WHERE workspace = :w AND number = :n"), rows)


def downgrade() -> None:
    """Takes them back; what was taken back of identities is forgotten."""
    op.create_table(
        "aliases",
        sa.Column("workspace", sa.Integer(), nullable=False),
        sa.Column("previous", sa.Text(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace"], ["workspaces.id"], name=op.f("aliases_workspace_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("workspace", "previous", "user", name=op.f("aliases_pkey")),
    )
    op.execute(_GIVE_BACK)
    op.drop_table("identities")
    op.drop_index("users_of_person", "users")
    op.drop_column("users", "seen_from")
    op.drop_column("users", "person")
    op.drop_table("strays")
    op.drop_column("offsets", "version")
    op.drop_column("offsets", "partitions")

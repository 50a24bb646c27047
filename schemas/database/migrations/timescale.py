"""TimescaleDB where it is installed, plain tables where it is not: the schema is one and the same."""

from alembic import op
from sqlalchemy import text


def available() -> bool:
    """Whether the server has the extension; installs it into this database when it can."""
    bind = op.get_bind()
    if not bind.scalar(text("SELECT count(*) FROM pg_available_extensions WHERE name = 'timescaledb'")):
        return False
    bind.execute(text("CREATE EXTENSION IF NOT EXISTS timescaledb"))
    return True


def hypertable(table: str, column: str, chunk: str) -> None:
    """Makes `table` a hypertable by `column`, in chunks of `chunk`, where the extension is."""
    if available():
        op.execute(
            f"SELECT create_hypertable('{table}', by_range('{column}', INTERVAL '{chunk}'), "
            "create_default_indexes => false)"
        )

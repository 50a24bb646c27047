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


def compressed(table: str, segment_by: str, after: str) -> None:
    """Has chunks older than `after` compressed, where the edition is the Community one."""
    if available() and op.get_bind().scalar(text("SELECT current_setting('timescaledb.license', true)")) == "timescale":
        op.execute(
            f"ALTER TABLE {table} SET (timescaledb.compress, timescaledb.compress_segmentby = '{segment_by}', "
            "timescaledb.compress_orderby = 'hour DESC')"
        )
        op.execute(f"SELECT add_compression_policy('{table}', INTERVAL '{after}')")

"""Alembic's entry: runs on the connection that `migrate.upgrade` hands over."""

from alembic import context

from schemas.database.tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    include_name=lambda name, kind, _: kind != "schema" or not (name or "").startswith("_timescaledb"),
)
with context.begin_transaction():
    context.run_migrations()

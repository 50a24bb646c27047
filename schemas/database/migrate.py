"""Brings a database to the newest schema. Safe to run by several processes at once."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import text

from schemas.database import engine as engines
from schemas.database import tenancy

_LOCK = 0x656262746964  # "ebbtid"


def upgrade(url: str) -> None:
    """Runs every migration that is missing, under an advisory lock."""
    engine = engines.create(url, pool=1, application="ebbtide migrate")
    try:
        with engine.connect() as connection:
            connection.execute(text("SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0"))
            connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": _LOCK})
            connection.commit()
            config = Config()
            config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            tenancy.install(connection)
            connection.commit()
    finally:
        engine.dispose()

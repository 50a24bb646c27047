"""Connections: SQLAlchemy's engine for queries, psycopg2 underneath for COPY."""

from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError as DatabaseError

__all__ = ["Connection", "DatabaseError", "Engine", "create"]


def create(url: str, *, pool: int = 5, application: str = "ebbtide") -> Engine:
    """An engine on `url` (postgresql://…), in UTC.

    The server ends a statement after a minute and an idle transaction after 10 s; the client gives up a connect after
    5 s, and a connection whose other side is gone after 15 s at most. `pulse` does so where the other side only hangs.
    """
    return create_engine(
        make_url(url).set(drivername="postgresql+psycopg2"),
        pool_size=pool,
        max_overflow=pool,
        pool_pre_ping=True,
        hide_parameters=True,  # no personal data in logs
        pool_recycle=1800,
        connect_args={
            "application_name": application,
            "connect_timeout": 5,
            "tcp_user_timeout": 15_000,
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 3,
            "options": "-c timezone=UTC -c statement_timeout=60s -c idle_in_transaction_session_timeout=10s",
        },
    )

"""What every table is made of."""

from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    DateTime,
    ForeignKey,
    Integer,
    MetaData,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(
    naming_convention={
        "ix": "%(table_name)s_%(column_0_N_name)s",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "pk": "%(table_name)s_pkey",
    }
)


def moment(name: str, **more: Any) -> Column[Any]:
    """A time, as timestamptz."""
    return Column(name, DateTime(timezone=True), **more)


def recorded() -> Column[Any]:
    """Since when we know it."""
    return moment("recorded_at", nullable=False, server_default=func.now())


def words(*columns: ColumnElement[Any]) -> ColumnElement[Any]:
    """The words of some texts, as full-text search compares them; with literals, so that an index can hold them."""
    texts = [func.coalesce(column, text("''")) for column in columns]
    whole: ColumnElement[Any] = texts[0]
    for other in texts[1:]:
        whole = whole.op("||")(text("' '")).op("||")(other)
    plain = func.regexp_replace(whole, *(text(part) for part in ("'[^[:alnum:]]+'", "' '", "'g'")))
    return func.to_tsvector(text("'simple'"), plain)


def json_column(name: str, default: str = "{}") -> Column[Any]:
    """A JSON value, empty by default."""
    return Column(name, JSONB, nullable=False, server_default=text(f"'{default}'::jsonb"))


def workspace_key() -> Column[Any]:
    """The workspace, the first column of a key."""
    return Column("workspace", Integer, ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True)

"""Pages by key, not by number: a page starts after the last row of the one before, however much was added since.

>>> from datetime import UTC, datetime
>>> cursor = encode([datetime(2026, 3, 1, tzinfo=UTC), "ab12"])
>>> decode(cursor, (datetime, str))
[datetime.datetime(2026, 3, 1, 0, 0, tzinfo=datetime.timezone.utc), 'ab12']
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, Tuple, tuple_

from schemas.errors import DefinitionError


class Page(msgspec.Struct):
    """Rows in order, and the cursor of the next page where there is one."""

    items: list[dict[str, Any]]
    next_cursor: str | None


def encode(values: Sequence[Any]) -> str:
    """The key of a row as an opaque word."""
    return base64.urlsafe_b64encode(msgspec.json.encode(list(values))).decode().rstrip("=")


def decode(cursor: str, types: Sequence[type]) -> list[Any]:
    """The key that `encode` wrote; raises DefinitionError for anything else."""
    try:
        raw = msgspec.json.decode(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return [msgspec.convert(value, of) for value, of in zip(raw, types, strict=True)]
    except (binascii.Error, msgspec.MsgspecError, ValueError, TypeError) as error:
        raise DefinitionError("This cursor is none of this list's: start again without one.") from error


def after(
    query: Select[Any], key: Sequence[ColumnElement[Any]], values: Sequence[Any] | None, *, descending: bool
) -> Select[Any]:
    """The query in the key's order, from after the row with that key on."""
    columns: Tuple = tuple_(*key)
    if values is not None:
        bound = tuple_(*values)
        query = query.where(columns < bound if descending else columns > bound)
    return query.order_by(*(column.desc() if descending else column.asc() for column in key))


def page(rows: Sequence[Mapping[Any, Any]], limit: int, names: Sequence[str]) -> Page:
    """Rows (one more than `limit` was asked for) as a page; `names` are the key's columns, `_…` ones are left out."""
    shown = rows[:limit]
    cursor = encode([shown[-1][name] for name in names]) if len(rows) > limit else None
    return Page([{k: v for k, v in row.items() if not str(k).startswith("_")} for row in shown], cursor)

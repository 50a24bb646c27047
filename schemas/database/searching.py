"""Search by words, of which the last may be a beginning.

The planner can't tell a rare beginning from a frequent one; it takes any for frequent. So a sample is looked at: where
it has what was said, reading rows in the list's own order finds a page soon; else the index finds all there are.
"""

from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Select, false, func, literal, select, true
from sqlalchemy.dialects.postgresql import ARRAY

FEW = 2000
_SAMPLE, _OFTEN = 300, 3


def whole(words: str) -> list[str]:
    """The words that were said, without what separates them; at most eight.

    >>> whole("Acme GmbH & (x)")
    ['Acme', 'GmbH', 'x']
    """
    return "".join(letter if letter.isalnum() else " " for letter in words).split()[:8]


def narrow(
    connection: Connection, query: Select[Any], key: Column[Any], words: ColumnElement[Any], workspace: int, said: str
) -> Select[Any]:
    """The query, narrowed to rows whose `words` have what was said; `key` is the row's key within the workspace."""
    if not (wanted := whole(said)):
        return query.where(false())
    *before, last = wanted
    has = words.op("@@")(func.to_tsquery("simple", " & ".join([*before, f"{last}:*"])))
    mine = key.table.c.workspace == workspace
    sample = select(has.label("has")).where(mine).order_by(key).limit(_SAMPLE).subquery()
    often = select(func.count()).select_from(sample).where(sample.c.has)
    if connection.scalar(often) < _OFTEN:  # type: ignore[operator]
        keys = list(connection.scalars(select(key).where(mine, has).limit(FEW + 1)))
        if len(keys) <= FEW:
            return query.where(key == func.any(literal(keys, ARRAY(key.type))))
    return query.where(has.is_(true()))  # which no index can answer, so that rows are read in the list's order

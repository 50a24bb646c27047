"""Search by words, of which the last may be a beginning.

The planner can't tell a rare beginning from a frequent one; it takes any for frequent. So a sample is looked at: where
it has what was said, reading rows in the list's own order finds a page soon; else all there are are found first.
"""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Integer, Select, cast, false, func, select, true

_SAMPLE = 1500


def whole(words: str) -> list[str]:
    """The words that were said, without what separates them; at most eight.

    >>> whole("Acme GmbH & (x)")
    ['Acme', 'GmbH', 'x']
    """
    return "".join(letter if letter.isalnum() else " " for letter in words).split()[:8]


def narrow(
    connection: Connection,
    query: Select[Any],
    words: ColumnElement[Any],
    said: str,
    *,
    among: Select[Any],
    frequent: float,
) -> Select[Any]:
    """The query, narrowed to rows whose `words` have what was said.

    `among` selects what may be sampled, in an order that says nothing; `frequent` is the share of rows from which on
    reading in the list's order is quicker than finding all, which is the less, the more rows there are. What comes
    back selects the same columns, which are to be ordered by as `selected_columns`.
    """
    if not (wanted := whole(said)):
        return query.where(false())
    *before, last = wanted
    has = words.op("@@")(func.to_tsquery("simple", " & ".join([*before, f"{last}:*"])))
    sample = among.add_columns(has.label("has")).limit(_SAMPLE).subquery()
    share = connection.scalar(select(func.avg(cast(sample.c.has, Integer)))) or 0
    if share >= frequent:
        return query.where(has.is_(true()))  # which no index can answer, so that rows are read in the list's order
    return select(query.where(has).offset(0).subquery())  # which is worked out before any order is looked at

"""Search by words. Rare words are found through their index first; of frequent ones the newest rows hold enough.

The planner can't tell the two apart by itself: it takes any beginning of a word for frequent.
"""

from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Select, false, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

FEW = 1000


def prefixes(words: str) -> str:
    """A text query that finds what has each word, or a word that starts so.

    >>> prefixes("Acme GmbH & (x)")
    'Acme:* & GmbH:* & x:*'
    """
    found = "".join(letter if letter.isalnum() else " " for letter in words).split()
    return " & ".join(f"{word}:*" for word in found[:8])


def narrow(
    connection: Connection, query: Select[Any], key: Column[Any], words: ColumnElement[Any], workspace: int, said: str
) -> Select[Any]:
    """The query, narrowed to rows whose `words` have what was said; `key` is the row's key within the workspace."""
    if not (wanted := prefixes(said)):
        return query.where(false())
    has = words.op("@@")(func.to_tsquery("simple", wanted))
    found = select(key).where(key.table.c.workspace == workspace, has).limit(FEW + 1)
    keys = list(connection.scalars(found))
    return query.where(key == func.any(literal(keys, ARRAY(key.type))) if len(keys) <= FEW else has)

"""Alerts' steps in the order in which they were committed: for those who follow them.

A step carries the number of its transaction. Read are only steps of transactions that began before any that still goes
on, so that none can appear later in front of what was read.
"""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from schemas.errors import DefinitionError

_SQL = """
    SELECT t.committed_by, t.episode AS alert, t.sequence, t.transition, t.at, t.actor, t.reason, t.told, t.recorded_at,
           a.kind, a.state, a.csm, a.segment, a.behavior, a.priority, o.account
    FROM transitions t
    JOIN alerts a ON a.workspace = t.workspace AND a.episode = t.episode
    LEFT JOIN accounts o ON o.workspace = a.workspace AND o.number = a.account
    WHERE t.workspace = :workspace AND (t.committed_by, t.episode, t.sequence) > (:committed_by, :episode, :sequence)
      AND t.committed_by < (pg_snapshot_xmin(pg_current_snapshot())::text)::bigint
      AND a.origin <> 'shadow'
      AND (cast(:kind AS text) IS NULL OR a.kind = :kind) AND (cast(:csm AS text) IS NULL OR a.csm = :csm)
    ORDER BY t.committed_by, t.episode, t.sequence LIMIT :limit
"""
_AFTER = text(_SQL)
_NOW = text("SELECT (pg_snapshot_xmin(pg_current_snapshot())::text)::bigint")


class Place(NamedTuple):
    """A place in the order of steps; `str` of it is what a follower sends back."""

    committed_by: int
    episode: str = ""
    sequence: int = 0

    def __str__(self) -> str:
        return f"{self.committed_by}-{self.episode}-{self.sequence}"

    @classmethod
    def parse(cls, said: str) -> "Place":
        """The place that `str` wrote; raises DefinitionError for anything else.

        >>> Place.parse(str(Place(7, "ab", 2)))
        Place(committed_by=7, episode='ab', sequence=2)
        """
        committed_by, _, rest = said.partition("-")
        episode, _, sequence = rest.rpartition("-")
        if not (committed_by.isdecimal() and sequence.isdecimal()) or max(len(committed_by), len(sequence)) > 18:
            raise DefinitionError("This Last-Event-ID is none of this stream's: start again without one.")
        return cls(int(committed_by), episode[:64], int(sequence))


def beginning(connection: Connection) -> Place:
    """The place after which everything is new."""
    return Place(int(connection.scalar(_NOW) or 0) - 1, "~")


def after(
    connection: Connection, workspace: int, place: Place, kind: str | None, csm: str | None, limit: int
) -> list[tuple[Place, dict[str, Any]]]:
    """The next steps after a place, each with its own place."""
    values = place._asdict() | {"workspace": workspace, "kind": kind, "csm": csm, "limit": limit}
    found = []
    for row in connection.execute(_AFTER, values).mappings():
        said = {str(name): _plain(value) for name, value in row.items()}
        found.append((Place(said.pop("committed_by"), said["alert"], said["sequence"]), said))
    return found


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value

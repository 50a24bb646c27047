"""Users who got on along a path: their completions are worked out anew, and windows changed by the difference.

The fold only appends steps, for a path's events come late, in any order, and through several partitions. Here a user's
steps around the fresh ones are read again as a whole, so that it does not matter how they came; and because everything
is replaced in the transaction that takes the fresh ones over, it may be done twice, or be killed, and nothing changes.
"""

from collections.abc import Mapping, Sequence

from schemas.behaviors import Definition
from schemas.clock import HOUR_MS
from schemas.database import paths
from schemas.database.definitions import Registered, registered
from schemas.database.paths import Share, Walk
from schemas.database.sessions import Database
from streams.paths import Step, by_hour, completions

_STEP = 500
Paths = Mapping[tuple[int, int], Definition]


def complete(database: Database, only: Registered | None = None) -> int:
    """Works out the completions of up to 500 users with fresh steps, on all paths or on one; how many users it were."""
    with database.writing() as connection:
        taken = paths.take(connection, _STEP, only and (only.workspace, only.number))
        if not taken:
            return 0
        known = {(one.workspace, one.number): one.definition for one in registered(connection)}
        walks = [walk for walk in taken if (walk.workspace, walk.behavior) in known]  # others are nobody's any more
        if walks:
            hours = [_hours(walk, known) for walk in walks]
            steps = paths.steps_of(connection, [_with_beginnings(span, known) for span in hours])
            before = paths.shares_of(connection, hours)
            after = [_shares(span, known, of) for span, of in zip(hours, steps, strict=True)]
            paths.replace(connection, _without(walks, before, after), _without(walks, after, before))
    return len(taken)


def _hours(walk: Walk, known: Paths) -> tuple[Walk, int, int]:
    """The hours in which completions with a fresh step end."""
    last = walk.last + known[walk.workspace, walk.behavior].within_ms
    return walk, walk.first // HOUR_MS * HOUR_MS, (last // HOUR_MS + 1) * HOUR_MS


def _with_beginnings(span: tuple[Walk, int, int], known: Paths) -> tuple[Walk, int, int]:
    """The hours, and before them the time in which what ends there can have begun."""
    walk, first, last = span
    return walk, first - known[walk.workspace, walk.behavior].within_ms, last


def _shares(span: tuple[Walk, int, int], known: Paths, steps: Sequence[tuple[int, int, bytes]]) -> set[Share]:
    walk, first, _ = span
    definition = known[walk.workspace, walk.behavior]
    found = completions((Step(*step) for step in steps), len(definition.path), definition.within_ms)
    ended = by_hour(one for one in found if one.end >= first)
    return {Share(hour, *share) for hour, share in ended.items()}


def _without(
    walks: Sequence[Walk], some: Sequence[set[Share]], others: Sequence[set[Share]]
) -> list[tuple[Walk, Share]]:
    pairs = zip(walks, some, others, strict=True)
    return [(walk, share) for walk, one, other in pairs for share in sorted(one - other)]

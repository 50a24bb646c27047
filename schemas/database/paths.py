"""Steps of declared paths, and the windows that are worked out from them.

Windows of a path are the one kind that is not appended to: a user's share of an hour is one row (topic DERIVED, `users`
that user alone), deleted and written anew when a step comes late. They are few, and compaction leaves them as they are.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, insert, select, text, tuple_, update

from schemas.clock import HOUR_MS, to_datetime, to_ms
from schemas.database.lateness import mark_late
from schemas.database.rows import Late
from schemas.database.sessions import Database
from schemas.database.tables import behaviors, path_steps, progress, windows
from schemas.topics import DERIVED, HISTORY, TOPIC_CODES
from schemas.windows import encode_users

_LOCK = 0x70617468  # "path"

_TAKE = text("""
    WITH chosen AS (
        SELECT DISTINCT workspace, behavior, account, "user" FROM path_steps
        WHERE fresh AND (cast(:behavior AS int) IS NULL OR (workspace = :workspace AND behavior = :behavior))
        ORDER BY workspace, behavior, account, "user" LIMIT :limit
    ), taken AS (
        UPDATE path_steps AS of SET fresh = false FROM chosen
        WHERE of.fresh AND of.workspace = chosen.workspace AND of.behavior = chosen.behavior
          AND of.account = chosen.account AND of."user" = chosen."user"
        RETURNING of.*
    )
    SELECT workspace, behavior, account, "user", min(time) AS first, max(time) AS last,
           array_agg(DISTINCT topic) AS topics
    FROM taken GROUP BY workspace, behavior, account, "user" ORDER BY workspace, behavior, account, "user"
""")

# `place` is each walk's among those asked for. The bounds of all together keep other chunks out.
_SPANS = """
    unnest(cast(:workspace AS int[]), cast(:behavior AS int[]), cast(:account AS int[]), cast(:user AS bigint[]),
           cast(:first AS timestamptz[]), cast(:last AS timestamptz[]), cast(:users AS bytea[]))
    WITH ORDINALITY AS walk (workspace, behavior, account, "user", first, last, users, place)
"""
_STEPS = text(f"""
    SELECT walk.place, of.time, of.steps, of.id_hash FROM {_SPANS} JOIN path_steps AS of
      ON of.workspace = walk.workspace AND of.behavior = walk.behavior AND of.account = walk.account
     AND of."user" = walk."user" AND of.time >= walk.first AND of.time < walk.last
""")  # noqa: S608
_SHARES = text(f"""
    SELECT walk.place, of.hour, of.events, of.value FROM {_SPANS} JOIN windows AS of
      ON of.workspace = walk.workspace AND of.behavior = walk.behavior AND of.account = walk.account
     AND of.users = walk.users AND of.topic = {DERIVED} AND of.hour >= walk.first AND of.hour < walk.last
    WHERE of.hour >= :earliest AND of.hour < :latest
""")  # noqa: S608


class Walk(NamedTuple):
    """A user of an account on a path; first and last time (ms) of the fresh steps, and the topics that carried them."""

    workspace: int
    behavior: int
    account: int
    user: int
    first: int
    last: int
    topics: tuple[int, ...]

    @property
    def users(self) -> bytes:
        """How its windows name the user."""
        return encode_users([self.user])


class Share(NamedTuple):
    """What one walk adds to the hour that starts at `hour` (ms): completions, and the seconds they took together."""

    hour: int
    completions: int
    seconds: float


def take(connection: Connection, limit: int, only: tuple[int, int] | None) -> list[Walk]:
    """Takes over fresh steps of `limit` users, of `only` one (workspace, behavior) or of all; one taker at a time.

    They are fresh again if the transaction does not commit.
    """
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    workspace, behavior = only or (None, None)
    rows = connection.execute(_TAKE, {"workspace": workspace, "behavior": behavior, "limit": limit})
    return [
        Walk(row.workspace, row.behavior, row.account, row.user, to_ms(row.first), to_ms(row.last), tuple(row.topics))
        for row in rows
    ]


def steps_of(connection: Connection, spans: Sequence[tuple[Walk, int, int]]) -> list[list[tuple[int, int, bytes]]]:
    """Each walk's steps in a span [first, last) of its own: time (ms), the steps it matches as bits, id."""
    found: list[list[tuple[int, int, bytes]]] = [[] for _ in spans]
    for row in connection.execute(_STEPS, _columns(spans)):
        found[row.place - 1].append((to_ms(row.time), row.steps, bytes(row.id_hash)))
    return found


def shares_of(connection: Connection, spans: Sequence[tuple[Walk, int, int]]) -> list[set[Share]]:
    """What windows hold of each walk in a span [first, last) of hours."""
    found: list[set[Share]] = [set() for _ in spans]
    for row in connection.execute(_SHARES, _columns(spans)):
        found[row.place - 1].add(Share(to_ms(row.hour), row.events, row.value))
    return found


def replace(connection: Connection, gone: Sequence[tuple[Walk, Share]], new: Sequence[tuple[Walk, Share]]) -> None:
    """Takes shares out of windows and puts others in, and has evaluated again what that changes behind evaluation."""
    if gone:
        key = (windows.c.workspace, windows.c.behavior, windows.c.account, windows.c.hour, windows.c.users)
        rows = [_row(walk, share) for walk, share in gone]
        hours = [row["hour"] for row in rows]
        connection.execute(
            delete(windows)
            .where(windows.c.topic == DERIVED, windows.c.hour >= min(hours), windows.c.hour <= max(hours))
            .where(tuple_(*key).in_([tuple(row[column.name] for column in key) for row in rows]))
        )
    if new:
        connection.execute(insert(windows), [_row(walk, share) for walk, share in new])
    earliest: dict[tuple[int, int], int] = {}
    for walk, share in (*gone, *new):
        for topic in walk.topics:
            earliest[walk.workspace, topic] = min(share.hour, earliest.get((walk.workspace, topic), share.hour))
    for (workspace, topic), hour in sorted(earliest.items()):
        _mark(connection, workspace, topic, hour)


def expire_steps(database: Database, before: int | None) -> None:
    """Drops steps before a moment (ms), if there is one, and those of paths that nobody counts any more."""
    retired = select(behaviors.c.workspace, behaviors.c.number).where(
        behaviors.c.state == "retired", behaviors.c.definition.has_key("path")
    )
    with database.writing() as connection:
        of = tuple_(path_steps.c.workspace, path_steps.c.behavior)
        connection.execute(delete(path_steps).where(of.in_(retired)))
        if before is not None:
            connection.execute(delete(path_steps).where(path_steps.c.time < to_datetime(before)))


def _columns(spans: Sequence[tuple[Walk, int, int]]) -> dict[str, Any]:
    walks = [walk for walk, _, _ in spans]
    columns = {name: [getattr(walk, name) for walk in walks] for name in ("workspace", "behavior", "account", "user")}
    first, last = [to_datetime(span[1]) for span in spans], [to_datetime(span[2]) for span in spans]
    bounds = {"first": first, "last": last, "earliest": min(first), "latest": max(last)}
    return columns | bounds | {"users": [walk.users for walk in walks]}


def _row(walk: Walk, share: Share) -> dict[str, Any]:
    return {
        "workspace": walk.workspace,
        "account": walk.account,
        "behavior": walk.behavior,
        "hour": to_datetime(share.hour // HOUR_MS * HOUR_MS),
        "topic": DERIVED,
        "partition": 0,
        "events": share.completions,
        "value": share.seconds,
        "users": walk.users,
        "id_sum": 0,
    }


def _mark(connection: Connection, workspace: int, topic: int, hour: int) -> None:
    """Notes from where to evaluate again. The lock keeps evaluation from going past the hour before these rows are in.

    An import's steps are worked out after they are folded; where its evaluation is over by then, it is asked for anew.
    """
    of = progress.c.workspace == workspace
    row = connection.execute(select(progress).where(of).with_for_update()).one_or_none()
    if row is None:
        return
    history = topic == TOPIC_CODES[HISTORY]
    if history and row.history_dirty_from is None:
        connection.execute(update(progress).where(of).values(history_closed=True))
    if history or (row.evaluated_to is not None and to_datetime(hour) < row.evaluated_to):
        mark_late(connection, [Late(workspace, topic, hour)])

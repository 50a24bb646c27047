"""Evaluation's reading and book-keeping: who is judged, which windows, how far, and from where again."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Engine, delete, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from schemas.behaviors import Definition
from schemas.database.tables import (
    accounts,
    behaviors,
    checkpoints,
    evaluations,
    progress,
    releases,
    signals,
    users,
    windows,
    workspaces,
)
from schemas.database.watermark import coming
from schemas.topics import EVENTS, TOPIC_CODES

_LOCK = 0x6576616C  # "eval"

# Fixed parts of the rows side by side, and their user sets side by side, in the same order: two values instead of
# a million rows.
_WINDOWS = text("""
    SELECT string_agg(int4send(account) || int4send(behavior) || int4send((extract(epoch FROM hour) / 3600)::int4)
                      || int4send(events) || int4send(octet_length(users)), ''::bytea) AS fixed,
           string_agg(users, ''::bytea) AS users
    FROM windows
    WHERE workspace = :workspace AND behavior = ANY(:behaviors) AND hour >= :first AND hour < :last
      AND (cast(:accounts AS int[]) IS NULL OR account = ANY(:accounts))
""")


class Task(NamedTuple):
    """What an evaluator took over: `redo` is from where windows have changed, `history` whether an import did that."""

    revision: int
    redo: datetime | None
    history: bool
    gaps: list[list[int]]


@contextmanager
def only_one(engine: Engine, workspace: int) -> Iterator[bool]:
    """Whether we are this workspace's only evaluator; until the block ends. The fence is the revision."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        ours = {"lock": _LOCK, "workspace": workspace}
        free = bool(connection.scalar(text("SELECT pg_try_advisory_lock(:lock, :workspace)"), ours))
        try:
            yield free
        finally:
            if free:
                connection.execute(text("SELECT pg_advisory_unlock(:lock, :workspace)"), ours)


def take(connection: Connection, workspace: int, reached: datetime) -> Task | None:
    """Takes over what changed behind us, in a short transaction of its own, and moves `evaluated_to` on to `reached`.

    Windows committed before it are read by this evaluation; whatever comes later leaves a mark of its own. Late data
    that still comes in is left for later.
    """
    query = select(progress, coming.label("coming")).where(progress.c.workspace == workspace).with_for_update()
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    history = row.pending_history or (row.history_closed and row.history_dirty_from is not None)
    marks = [
        row.pending_from,
        None if row.coming else row.dirty_from,
        row.history_dirty_from if row.history_closed else None,
    ]
    redo = min((mark for mark in marks if mark is not None), default=None)
    revision = row.revision + (redo is not None)
    taken: dict[str, Any] = {"pending_from": redo, "pending_history": history, "revision": revision}
    if not row.coming:
        taken |= dict.fromkeys(("dirty_from", "late_since", "late_at"))
    if row.history_closed:
        taken |= {"history_dirty_from": None, "history_closed": False}
    taken["evaluated_to"] = func.greatest(progress.c.evaluated_to, reached)
    connection.execute(update(progress).where(progress.c.workspace == workspace).values(taken))
    return Task(revision, redo, history, list(row.gaps))


def wait_for(connection: Connection, workspace: int) -> None:
    """Returns when no evaluation of that workspace is under way; none begins until the transaction ends."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock, :workspace)"), {"lock": _LOCK, "workspace": workspace})


def finish(connection: Connection, workspace: int, task: Task, moment: datetime, counts: tuple[int, int]) -> bool:
    """Notes that `moment` is evaluated (counts: keys, findings). False: another did it, and nothing may be written."""
    ours = (progress.c.workspace == workspace, progress.c.revision == task.revision)
    if connection.scalar(select(progress.c.workspace).where(*ours).with_for_update()) is None:
        return False
    row = {
        "workspace": workspace,
        "moment": moment,
        "revision": task.revision,
        "keys": counts[0],
        "findings": counts[1],
    }
    if connection.execute(upsert(evaluations).values(row).on_conflict_do_nothing()).rowcount == 0:
        return False
    done = {"pending_from": None, "pending_history": False, "gaps": task.gaps}
    connection.execute(update(progress).where(*ours).values(done))
    return True


def let_go(connection: Connection, workspace: int, task: Task) -> None:
    """Clears what was taken when there is nothing behind us to evaluate again."""
    ours = (progress.c.workspace == workspace, progress.c.revision == task.revision)
    connection.execute(update(progress).where(*ours).values(pending_from=None, pending_history=False))


def settings_and_zone(connection: Connection, workspace: int) -> tuple[dict[str, Any], str]:
    """A workspace's settings and time zone."""
    row = connection.execute(
        select(workspaces.c.settings, workspaces.c.time_zone).where(workspaces.c.id == workspace)
    ).one()
    return dict(row.settings), row.time_zone


def accounts_of(connection: Connection, workspace: int) -> list[tuple[int, str, dict[str, Any], datetime | None]]:
    """Number, id, traits and beginning of each account."""
    shown = (accounts.c.number, accounts.c.account, accounts.c.traits, accounts.c.created_at)
    query = select(*shown).where(accounts.c.workspace == workspace).order_by(accounts.c.number)
    return [(row.number, row.account, row.traits, row.created_at) for row in connection.execute(query)]


def heard_from(connection: Connection, workspace: int) -> list[tuple[int, datetime]]:
    """Every inbound signal's account and moment, whether it came as an event or by the API."""
    query = select(signals.c.account, signals.c.valid_from)
    inbound = query.where(signals.c.workspace == workspace, signals.c.direction == "inbound")
    return [(row.account, row.valid_from) for row in connection.execute(inbound)]


def behaviors_of(connection: Connection, workspace: int) -> dict[int, tuple[Definition, datetime | None]]:
    """Each active behavior's definition by number, and since when it counts (None: always)."""
    shown = (behaviors.c.number, behaviors.c.behavior, behaviors.c.definition, behaviors.c.effective_from)
    query = select(*shown).where(behaviors.c.workspace == workspace, behaviors.c.state == "active")
    return {
        row.number: (
            msgspec.convert({"events": [], **row.definition, "name": row.behavior}, Definition),
            row.effective_from,
        )
        for row in connection.execute(query)
    }


def releases_of(connection: Connection, workspace: int) -> list[Any]:
    """The marked releases: release, released_at, behaviors, accounts, recorded_at; in order."""
    shown = (
        releases.c.release,
        releases.c.released_at,
        releases.c.behaviors,
        releases.c.accounts,
        releases.c.recorded_at,
    )
    query = select(*shown).where(releases.c.workspace == workspace)
    return list(connection.execute(query.order_by(releases.c.released_at, releases.c.release)))


def users_of(connection: Connection, workspace: int) -> tuple[dict[int, str], dict[int, int], set[int], set[int]]:
    """Each user's id by number; who stands for those who were joined; people not the customer's own; and champions."""
    columns = (users.c.number, users.c.user, users.c.side, users.c.person, users.c.role)
    rows = connection.execute(select(*columns).where(users.c.workspace == workspace)).all()
    persons = {row.number: row.person for row in rows if row.person is not None}
    others = {persons.get(row.number, row.number) for row in rows if row.side != "customer"}
    champions = {persons.get(row.number, row.number) for row in rows if row.role == "champion"}
    return {row.number: row.user for row in rows}, persons, others, champions


def first_hour(connection: Connection, workspace: int, history: bool) -> datetime | None:
    """The earliest window's hour; imported ones count only with `history`."""
    query = select(func.min(windows.c.hour)).where(windows.c.workspace == workspace)
    found: datetime | None = connection.scalar(
        query if history else query.where(windows.c.topic == TOPIC_CODES[EVENTS])
    )
    return found


def first_moment(connection: Connection, workspace: int) -> datetime | None:
    """The earliest moment that was evaluated."""
    found: datetime | None = connection.scalar(
        select(func.min(evaluations.c.moment)).where(evaluations.c.workspace == workspace)
    )
    return found


def read_windows(
    connection: Connection,
    workspace: int,
    of: Sequence[int],
    first: datetime,
    last: datetime,
    accounts: Sequence[int] | None = None,
) -> tuple[bytes, bytes]:
    """The windows with hours in [first, last): five big-endian int32 a row, and all their user sets in the same order.

    The five are account, behavior, hours since the epoch, events, bytes of the user set. `accounts`: None for all.
    """
    values = {"workspace": workspace, "behaviors": list(of), "first": first, "last": last}
    values["accounts"] = None if accounts is None else list(accounts)
    row = connection.execute(_WINDOWS, values).one()
    return bytes(row.fixed or b""), bytes(row.users or b"")


def gaps_of(connection: Connection, workspace: int) -> list[list[int]]:
    """The stretches of days (first, last) that were evaluated at one go."""
    found = connection.scalar(select(progress.c.gaps).where(progress.c.workspace == workspace))
    return list(found or [])


def newest_checkpoint(connection: Connection, workspace: int) -> datetime | None:
    """The day (UTC midnight that stands for it) up to which a state is kept."""
    found: datetime | None = connection.scalar(
        select(func.max(checkpoints.c.moment)).where(checkpoints.c.workspace == workspace)
    )
    return found


def checkpoint_before(connection: Connection, workspace: int, day: datetime | None) -> bytes | None:
    """The newest state kept of a day before `day` (None: of any)."""
    query = select(checkpoints.c.state).where(checkpoints.c.workspace == workspace)
    if day is not None:
        query = query.where(checkpoints.c.moment < day)
    found = connection.scalar(query.order_by(checkpoints.c.moment.desc()).limit(1))
    return None if found is None else bytes(found)


def keep_checkpoints(
    connection: Connection, workspace: int, after: datetime, new: dict[datetime, bytes], drop: Sequence[datetime]
) -> None:
    """Puts new states in the place of all after `after`, and drops those no longer worth keeping."""
    of = checkpoints.c.workspace == workspace
    connection.execute(delete(checkpoints).where(of, (checkpoints.c.moment > after) | checkpoints.c.moment.in_(drop)))
    for moment, state in new.items():
        connection.execute(insert(checkpoints).values(workspace=workspace, moment=moment, state=state))


def checkpoint_days(connection: Connection, workspace: int) -> list[datetime]:
    """The days of which a state is kept."""
    return list(connection.scalars(select(checkpoints.c.moment).where(checkpoints.c.workspace == workspace)))

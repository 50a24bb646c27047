"""Which ids are one person: facts that are appended, and `users.person`, which follows from those that hold."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT
from sqlalchemy.dialects.postgresql import insert as upsert

from schemas.clock import to_datetime, to_ms
from schemas.database.lateness import mark_late
from schemas.database.rows import Alias, Late
from schemas.database.tables import identities, users
from schemas.errors import ConflictError, NotFoundError
from schemas.identities import Pair, changed_from, persons
from schemas.topics import EVENTS, TOPIC_CODES

_LOCK = 0x69646E74  # "idnt"
_CUSTOMER = "customer"
_SHOWN = 100  # facts of one person

# Of each pair that touches one of the numbers the fact that is valid latest; those that join.
_HOLDING = text("""
SELECT previous, "user" FROM (
    SELECT DISTINCT ON (previous, "user") previous, "user", joined FROM identities
    WHERE workspace = :workspace AND (previous = ANY(:numbers) OR "user" = ANY(:numbers))
    ORDER BY previous, "user", valid_from DESC, id DESC
) AS latest WHERE joined
""")


def put_aliases(connection: Connection, rows: Sequence[Alias]) -> None:
    """Adds what is said for the first time, and joins the people."""
    for workspace, of in groupby(sorted(set(rows)), key=lambda row: row.workspace):
        said = [row for row in of if row.previous != row.user]
        if said:
            facts = [(row.previous, row.user, True, to_datetime(row.time)) for row in said]
            _put(connection, workspace, facts)


def merge(connection: Connection, workspace: int, user: str, previous: str, now: datetime) -> None:
    """Makes two known ids one person's. Raises NotFoundError or ConflictError."""
    pair = _number(connection, workspace, previous), _number(connection, workspace, user)
    if pair[0] == pair[1]:
        raise ConflictError(f"{user!r} can't be joined to itself.")
    _lock(connection, workspace)
    if pair not in _holding(connection, workspace, pair):
        _put(connection, workspace, [(*pair, True, _after(connection, workspace, pair, now))])


def unmerge(connection: Connection, workspace: int, user: str, previous: str, now: datetime) -> None:
    """Takes back that two ids are one person's; older facts don't join them again. Raises NotFoundError."""
    one, other = _number(connection, workspace, previous), _number(connection, workspace, user)
    _lock(connection, workspace)
    held = _holding(connection, workspace, (one, other)) & {(one, other), (other, one)}
    if not held:
        raise NotFoundError(f"{previous!r} and {user!r} are not joined to one another, or only through a third id.")
    facts = [(*pair, False, _after(connection, workspace, pair, now)) for pair in sorted(held)]
    _put(connection, workspace, facts)


def ids_of(connection: Connection, workspace: int, user: str) -> dict[str, Any]:
    """The person behind an id: the id that stands for it, every id, and what was said about them."""
    number = _number(connection, workspace, user)
    members = _component(connection, workspace, [number])[0]
    mine = users.c.workspace == workspace
    rows = connection.execute(select(users).where(mine, users.c.number.in_(members)).order_by(users.c.number)).all()
    head = next(row.person or row.number for row in rows if row.number == number)
    said = _history(connection, workspace, members)
    return {
        "user": user,
        "person": next(row.user for row in rows if row.number == head),
        "ids": [{"user": row.user, "role": row.role, "side": row.side, "seen_from": row.seen_from} for row in rows],
        "history": said,
    }


def numbers_of(connection: Connection, workspace: int, number: int) -> list[int]:
    """The numbers of every id of a person; who is who stays as it is until the transaction ends."""
    _lock(connection, workspace)
    return _component(connection, workspace, [number])[0]


def note_seen(connection: Connection, workspace: int, seen: Collection[tuple[int, int]]) -> None:
    """Notes that users (number, ms) are in windows from these moments on, where that is earlier than known."""
    values = {
        "workspace": workspace,
        "numbers": [number for number, _ in seen],
        "moments": [to_datetime(ms) for _, ms in seen],
    }
    connection.execute(_SEEN, values)


_SEEN = text("""
WITH fresh AS (
    SELECT users.number, seen.moment FROM users
    JOIN unnest(cast(:numbers AS bigint[]), cast(:moments AS timestamptz[])) AS seen (number, moment)
      ON seen.number = users.number
    WHERE users.workspace = :workspace AND (users.seen_from IS NULL OR users.seen_from > seen.moment)
    ORDER BY users.number FOR UPDATE OF users
)
UPDATE users SET seen_from = fresh.moment FROM fresh
WHERE users.workspace = :workspace AND users.number = fresh.number
""")


def _put(connection: Connection, workspace: int, facts: Sequence[tuple[int, int, bool, datetime]]) -> None:
    """Appends facts, and has `users.person` follow, and the days whose people change evaluated again."""
    _lock(connection, workspace)
    names = ("previous", "user", "joined", "valid_from")
    rows = [dict(zip(names, fact, strict=True)) | {"workspace": workspace} for fact in facts]
    new = upsert(identities).values(rows).on_conflict_do_nothing().returning(identities.c.previous, identities.c.user)
    touched = sorted({number for row in connection.execute(new) for number in row})
    if touched:
        _follow(connection, workspace, touched)


def _follow(connection: Connection, workspace: int, touched: Sequence[int]) -> None:
    members, pairs = _component(connection, workspace, touched)
    query = select(users.c.number, users.c.person, users.c.side, users.c.seen_from).where(
        users.c.workspace == workspace, users.c.number.in_(members)
    )
    rows = connection.execute(query).all()
    before = {row.number: row.person for row in rows if row.person is not None}
    heads = persons(pairs)
    after = {number: heads.get(number, number) for pair in pairs for number in pair}
    changed = [number for number in members if before.get(number) != after.get(number)]
    if not changed:
        return
    connection.execute(
        _PERSONS, {"workspace": workspace, "numbers": changed, "persons": [after.get(number) for number in changed]}
    )
    seen = {row.number: to_ms(row.seen_from) for row in rows if row.seen_from is not None}
    moment = changed_from(before, after, seen, [row.number for row in rows if row.side != _CUSTOMER])
    if moment is not None:
        mark_late(connection, [Late(workspace, TOPIC_CODES[EVENTS], moment)])


_PERSONS = text("""
UPDATE users SET person = changed.person
FROM unnest(cast(:numbers AS bigint[]), cast(:persons AS bigint[])) AS changed (number, person)
WHERE users.workspace = :workspace AND users.number = changed.number
""")


def _component(connection: Connection, workspace: int, numbers: Iterable[int]) -> tuple[list[int], set[Pair]]:
    """All numbers that were or are one person with these, and the pairs that hold among them."""
    members, pairs, fresh = set[int](), set[Pair](), set(numbers)
    while fresh:
        members |= fresh
        pairs |= _holding(connection, workspace, fresh)
        fresh = ({number for pair in pairs for number in pair} | _before(connection, workspace, fresh)) - members
    return sorted(members), pairs


def _before(connection: Connection, workspace: int, numbers: Collection[int]) -> set[int]:
    """Those who are, by what was worked out last, one person with these."""
    mine = users.c.workspace == workspace
    wanted = func.any(bindparam("numbers", sorted(numbers), ARRAY(BIGINT)))
    heads = select(users.c.person).where(mine, users.c.number == wanted, users.c.person.is_not(None))
    return set(connection.scalars(select(users.c.number).where(mine, users.c.person.in_(heads))))


def _holding(connection: Connection, workspace: int, numbers: Collection[int]) -> set[Pair]:
    rows = connection.execute(_HOLDING, {"workspace": workspace, "numbers": sorted(numbers)})
    return {(row.previous, row.user) for row in rows}


def _history(connection: Connection, workspace: int, members: Sequence[int]) -> list[dict[str, Any]]:
    """What was said about these ids, the newest first."""
    before, after = users.alias(), users.alias()
    query = (
        select(
            before.c.user.label("previous"), after.c.user.label("user"),
            identities.c.joined, identities.c.valid_from, identities.c.recorded_at,
        )
        .join(before, (before.c.workspace == workspace) & (before.c.number == identities.c.previous))
        .join(after, (after.c.workspace == workspace) & (after.c.number == identities.c.user))
        .where(identities.c.workspace == workspace)
        .where(identities.c.previous.in_(members) | identities.c.user.in_(members))
        .order_by(identities.c.valid_from.desc(), identities.c.id.desc())
        .limit(_SHOWN)
    )  # fmt: skip
    return [dict(row) for row in connection.execute(query).mappings()]


def _after(connection: Connection, workspace: int, pair: Pair, now: datetime) -> datetime:
    """Now, or when what is known of a pair becomes true, if that is later: what a person says last holds."""
    query = select(func.max(identities.c.valid_from)).where(
        identities.c.workspace == workspace, identities.c.previous == pair[0], identities.c.user == pair[1]
    )
    latest: datetime | None = connection.scalar(query)
    return now if latest is None else max(now, latest)


def _lock(connection: Connection, workspace: int) -> None:
    """One at a time says who is who in a workspace: a chain's links see one another."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock, :workspace)"), {"lock": _LOCK, "workspace": workspace})


def _number(connection: Connection, workspace: int, user: str) -> int:
    found = connection.scalar(select(users.c.number).where(users.c.workspace == workspace, users.c.user == user))
    if found is None:
        raise NotFoundError(f"There is no user {user!r} in this workspace.")
    return int(found)

"""Facts about users that come with events, in bulk; memberships and signals."""

from collections.abc import Collection, Sequence
from itertools import groupby
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, func, select, text, union
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT
from sqlalchemy.dialects.postgresql import insert as upsert

from schemas.clock import to_datetime, to_ms
from schemas.database.rows import Joined, SignalFact, UserFact
from schemas.database.sides import judging_again
from schemas.database.tables import memberships, signals, users

# Keeps of each patch only what says something new at its moment, so that a nightly sync adds nothing; of who was erased
# nothing is said.
_APPEND = text("""
INSERT INTO user_facts (workspace, "user", traits, valid_from)
SELECT :workspace, patch."user", news.traits, patch.valid_from
FROM unnest(cast(:users AS bigint[]), cast(:moments AS timestamptz[]), cast(:patches AS jsonb[]))
     AS patch ("user", valid_from, traits)
CROSS JOIN LATERAL (
    SELECT jsonb_object_agg(said.key, said.value) AS traits
    FROM jsonb_each(patch.traits) AS said
    WHERE said.value IS DISTINCT FROM coalesce((
        SELECT fact.traits -> said.key FROM user_facts AS fact
        WHERE fact.workspace = :workspace AND fact."user" = patch."user"
          AND fact.valid_from <= patch.valid_from AND fact.traits ? said.key
        ORDER BY fact.valid_from DESC, fact.id DESC LIMIT 1
    ), 'null'::jsonb)
) AS news
WHERE news.traits IS NOT NULL
  AND NOT EXISTS (SELECT FROM erased WHERE erased.workspace = :workspace AND erased.number = patch."user")
""")

_MERGE = text("""
UPDATE users SET
    traits = merged.traits,
    role = CASE WHEN merged.traits ->> 'role' IN ('champion', 'sponsor', 'admin', 'member')
                THEN merged.traits ->> 'role' ELSE users.role END,
    side = CASE WHEN merged.traits ->> 'side' IN ('customer', 'vendor', 'partner', 'machine')
                THEN merged.traits ->> 'side' ELSE users.side END
FROM (
    SELECT "user", coalesce(jsonb_object_agg(key, value) FILTER (WHERE value <> 'null'), '{}') AS traits
    FROM (
        SELECT DISTINCT ON (fact."user", said.key) fact."user", said.key, said.value
        FROM user_facts AS fact, jsonb_each(fact.traits) AS said
        WHERE fact.workspace = :workspace AND fact."user" = ANY(:users)
        ORDER BY fact."user", said.key, fact.valid_from DESC, fact.id DESC
    ) AS latest
    GROUP BY "user"
) AS merged
WHERE users.workspace = :workspace AND users.number = merged."user" AND users.traits <> merged.traits
""")


def put_users(connection: Connection, facts: Sequence[UserFact]) -> None:
    """Appends what is new about users, and merges it into what is known of them today."""
    for workspace, of in groupby(sorted(facts, key=lambda fact: fact[:3]), key=lambda fact: fact.workspace):
        said = list(of)
        rows = {
            "workspace": workspace,
            "users": [fact.user for fact in said],
            "moments": [to_datetime(fact.time) for fact in said],
            "patches": [msgspec.json.encode(fact.traits).decode() for fact in said],
        }
        connection.execute(_APPEND, rows)
        with judging_again(connection, workspace, {fact.user for fact in said if "side" in fact.traits}):
            connection.execute(_MERGE, {"workspace": workspace, "users": sorted({fact.user for fact in said})})


def put_memberships(connection: Connection, rows: Sequence[Joined]) -> None:
    """Adds memberships that are not there yet."""
    values = [
        {"workspace": row.workspace, "user": row.user, "account": row.account, "valid_from": to_datetime(row.time)}
        for row in sorted(set(rows))
    ]
    _add(connection, memberships, values)


def put_signals(connection: Connection, rows: Sequence[SignalFact]) -> None:
    """Adds signals; that each comes once is the fold's care."""
    _add(connection, signals, [row._asdict() | {"valid_from": to_datetime(row.time)} for row in rows], drop="time")


def memberships_of(
    connection: Connection, workspace: int, numbers: Collection[int]
) -> dict[int, list[tuple[int, int]]]:
    """The memberships of the person behind each user, in order: since when (ms), and the account's number."""
    wanted = func.any(bindparam("users", list(numbers), ARRAY(BIGINT)))
    asked, kin = users.alias("asked"), users.alias("kin")
    mine = memberships.c.workspace == workspace
    own = select(memberships.c.user, memberships.c.valid_from, memberships.c.account)
    kins = (
        select(asked.c.number, memberships.c.valid_from, memberships.c.account)
        .join(kin, (kin.c.workspace == asked.c.workspace) & (kin.c.person == asked.c.person))
        .join(memberships, (memberships.c.workspace == kin.c.workspace) & (memberships.c.user == kin.c.number))
        .where(asked.c.workspace == workspace, asked.c.number == wanted, asked.c.person.is_not(None))
    )
    found: dict[int, list[tuple[int, int]]] = {}
    for user, valid_from, account in connection.execute(union(own.where(mine, memberships.c.user == wanted), kins)):
        found.setdefault(user, []).append((to_ms(valid_from), account))
    return {user: sorted(of) for user, of in found.items()}


def _add(connection: Connection, table: Any, rows: Sequence[dict[str, Any]], drop: str = "") -> None:
    if rows:
        kept = [{key: value for key, value in row.items() if key != drop} for row in rows]
        connection.execute(upsert(table).on_conflict_do_nothing(), kept)

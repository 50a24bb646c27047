"""Facts about accounts and users: appended with since when they are true, and today's merged for quick reading."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, Text, func, insert, literal, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as upsert

from schemas.accounts import AccountRow, UserPatch
from schemas.database.sides import judging_again
from schemas.database.tables import accounts, erased, memberships, signals, user_facts, users, workspaces
from schemas.erasing import id_hash as erased_hash
from schemas.errors import ConflictError
from schemas.events import id_hash

# Keeps of each patch only what says something new at its moment, so that a nightly sync adds nothing.
_APPEND = text("""
INSERT INTO account_facts (workspace, account, traits, valid_from)
SELECT :workspace, patch.account, news.traits, patch.valid_from
FROM unnest(cast(:numbers AS int[]), cast(:moments AS timestamptz[]), cast(:patches AS jsonb[]))
     AS patch (account, valid_from, traits)
CROSS JOIN LATERAL (
    SELECT jsonb_object_agg(said.key, said.value) AS traits
    FROM jsonb_each(patch.traits) AS said
    WHERE said.value IS DISTINCT FROM coalesce((
        SELECT fact.traits -> said.key FROM account_facts AS fact
        WHERE fact.workspace = :workspace AND fact.account = patch.account
          AND fact.valid_from <= patch.valid_from AND fact.traits ? said.key
        ORDER BY fact.valid_from DESC, fact.id DESC LIMIT 1
    ), 'null'::jsonb)
) AS news
WHERE news.traits IS NOT NULL
""")

_MERGE = text("""
UPDATE accounts SET traits = merged.traits
FROM (
    SELECT account, coalesce(jsonb_object_agg(key, value) FILTER (WHERE value <> 'null'), '{}') AS traits
    FROM (
        SELECT DISTINCT ON (fact.account, said.key) fact.account, said.key, said.value
        FROM account_facts AS fact, jsonb_each(fact.traits) AS said
        WHERE fact.workspace = :workspace AND fact.account = ANY(:numbers) AND fact.valid_from <= :now
        ORDER BY fact.account, said.key, fact.valid_from DESC, fact.id DESC
    ) AS latest
    GROUP BY account
) AS merged
WHERE accounts.workspace = :workspace AND accounts.number = merged.account AND accounts.traits <> merged.traits
""")

_BORN = text("""
UPDATE accounts SET created_at = born.created_at
FROM unnest(cast(:numbers AS int[]), cast(:moments AS timestamptz[])) AS born (number, created_at)
WHERE accounts.workspace = :workspace AND accounts.number = born.number
""")


def put_accounts(connection: Connection, workspace: int, rows: Sequence[AccountRow], now: datetime) -> dict[str, int]:
    """Applies patches to accounts, making those that are missing; how many `accounts`, `created` and `facts` it was."""
    numbers, created = account_numbers(connection, workspace, (row.account for row in rows))
    said = [row for row in rows if row.traits]
    facts = connection.execute(
        _APPEND,
        {
            "workspace": workspace,
            "numbers": [numbers[row.account] for row in said],
            "moments": [row.at(now) for row in said],
            "patches": [msgspec.json.encode(row.traits).decode() for row in said],
        },
    ).rowcount
    connection.execute(_MERGE, {"workspace": workspace, "numbers": list(numbers.values()), "now": now})
    births = {numbers[row.account]: row.created_at for row in rows if row.created_at}
    if births:
        of = {"workspace": workspace, "numbers": list(births), "moments": list(births.values())}
        connection.execute(_BORN, of)
    return {"accounts": len(numbers), "created": created, "facts": max(facts, 0)}


def account_numbers(connection: Connection, workspace: int, ids: Iterable[str]) -> tuple[dict[str, int], int]:
    """The numbers of accounts by id, handing out new ones for those that are missing; and how many were missing."""
    wanted = sorted(set(ids))
    found = _numbers(connection, workspace, wanted)
    missing = [account for account in wanted if account not in found]
    if not missing:
        return found, 0
    first = _reserve(connection, workspace, "next_account", len(missing))
    rows = [{"workspace": workspace, "number": first + i, "account": account} for i, account in enumerate(missing)]
    connection.execute(upsert(accounts).on_conflict_do_nothing(), rows)
    return _numbers(connection, workspace, wanted), len(missing)


def _numbers(connection: Connection, workspace: int, ids: list[str]) -> dict[str, int]:
    query = select(accounts.c.account, accounts.c.number).where(
        accounts.c.workspace == workspace, accounts.c.account == func.any(literal(ids, ARRAY(Text)))
    )
    return {row.account: row.number for row in connection.execute(query)}


def _reserve(connection: Connection, workspace: int, counter: str, n: int) -> int:
    column = workspaces.c[counter]
    reserved = connection.scalar(
        update(workspaces).where(workspaces.c.id == workspace).values({counter: column + n}).returning(column)
    )
    return int(reserved or 0) - n


def append(connection: Connection, table: Table, workspace: int, account: int, fact: dict[str, Any]) -> dict[str, Any]:
    """Appends one fact about an account and gives it back as it is stored."""
    shown = [column for column in table.c if column.name not in ("workspace", "account", "id_hash")]
    row = connection.execute(insert(table).values(workspace=workspace, account=account, **fact).returning(*shown))
    return dict(row.mappings().one())


def append_signal(
    connection: Connection, workspace: int, account: int, signal_id: str, fact: dict[str, Any]
) -> dict[str, Any]:
    """Appends a signal, once for each id the sender gave it."""
    known = id_hash(workspace, signal_id)
    shown = [column for column in signals.c if column.name not in ("workspace", "account", "id_hash")]
    of = (signals.c.workspace == workspace, signals.c.account == account, signals.c.id_hash == known)
    this = (accounts.c.workspace == workspace, accounts.c.number == account)
    connection.execute(select(accounts.c.number).where(*this).with_for_update(key_share=True))
    if found := connection.execute(select(*shown).where(*of)).mappings().first():
        return dict(found)
    return append(connection, signals, workspace, account, fact | {"id_hash": known})


def put_user(connection: Connection, workspace: int, user: str, patch: UserPatch, now: datetime) -> dict[str, Any]:
    """Applies what changes about a user, making it when it is missing; the user as it is then."""
    number = user_number(connection, workspace, user)
    _refuse_erased(connection, workspace, user, number)
    traits = patch.traits | {k: v for k, v in (("role", patch.role), ("side", patch.side)) if v is not None}
    at = {"workspace": workspace, "user": number, "valid_from": patch.at(now)}
    if traits:
        connection.execute(insert(user_facts).values(traits=traits, **at))
    if patch.account is not None:
        joined, _ = account_numbers(connection, workspace, [patch.account])
        connection.execute(upsert(memberships).values(account=joined[patch.account], **at).on_conflict_do_nothing())
    changed = (
        update(users)
        .where(users.c.workspace == workspace, users.c.number == number)
        .values(
            role=func.coalesce(literal(patch.role, Text), users.c.role),
            side=func.coalesce(literal(patch.side, Text), users.c.side),
            traits=func.jsonb_strip_nulls(users.c.traits.op("||")(literal(patch.traits, users.c.traits.type))),
        )
        .returning(users.c.user, users.c.role, users.c.side, users.c.traits, users.c.recorded_at)
    )
    with judging_again(connection, workspace, [number] if patch.side else []):
        return dict(connection.execute(changed).mappings().one())


def _refuse_erased(connection: Connection, workspace: int, user: str, number: int) -> None:
    """Raises a ConflictError for who was erased; waits where that is under way."""
    this = (users.c.workspace == workspace, users.c.number == number)
    connection.execute(select(users.c.number).where(*this).with_for_update(key_share=True))
    known = select(erased.c.number).where(
        erased.c.workspace == workspace, erased.c.hash == erased_hash(workspace, user)
    )
    if connection.scalar(known) is not None:
        raise ConflictError("This user was erased: nothing is kept about them any more. Nothing of this was kept.")


def user_number(connection: Connection, workspace: int, user: str) -> int:
    """The number of a user by id, handing out a new one where it is missing."""
    query = select(users.c.number).where(users.c.workspace == workspace, users.c.user == user)
    found = connection.scalar(query)
    if found is None:
        number = _reserve(connection, workspace, "next_user", 1)
        new = {"workspace": workspace, "number": number, "user": user}
        connection.execute(upsert(users).values(**new).on_conflict_do_nothing())
        found = connection.scalar(query)
    return int(found or 0)

"""Numbers of accounts, users and behaviors: handed out in blocks, in short transactions; gaps do no harm."""

from collections.abc import Collection

from sqlalchemy import Column, Connection, Table, Text, bindparam, func, literal, select, update
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA
from sqlalchemy.dialects.postgresql import insert as upsert

from schemas.database.sessions import Database
from schemas.database.tables import accounts, behaviors, erased, users, workspaces
from schemas.erasing import id_hash


def known_workspaces(connection: Connection) -> set[int]:
    """Every workspace there is."""
    return set(connection.scalars(select(workspaces.c.id)))


def number_accounts(database: Database, workspace: int, ids: Collection[str]) -> dict[str, int]:
    """Each account's number; those that are missing are made."""
    return _number(database, accounts, accounts.c.account, workspaces.c.next_account, workspace, ids)


def number_users(database: Database, workspace: int, ids: Collection[str]) -> dict[str, int]:
    """Each user's number; those that are missing are made. Who was erased has the number of nobody they became."""
    return _number(database, users, users.c.user, workspaces.c.next_user, workspace, ids)


def number_events(database: Database, workspace: int, names: Collection[str], limit: int) -> dict[str, int]:
    """The number of each event name's automatic behavior; a workspace's first `limit` names get one, others none."""
    with database.writing() as connection:
        found = _automatic(connection, workspace)
        missing = sorted(set(names) - found.keys())
        if missing and len(found) < limit:
            _reserve(connection, workspaces.c.next_behavior, workspace, 0)  # others wait here while we count
            found = _automatic(connection, workspace)
            missing = sorted(set(names) - found.keys())[: max(0, limit - len(found))]
            if missing:
                first = _reserve(connection, workspaces.c.next_behavior, workspace, len(missing))
                rows = [
                    {
                        "number": first + i,
                        "behavior": name,
                        "automatic": True,
                        "state": "active",
                        "workspace": workspace,
                    }
                    for i, name in enumerate(missing)
                ]
                connection.execute(upsert(behaviors).on_conflict_do_nothing(), rows)
                found = _automatic(connection, workspace)
    return {name: found[name] for name in names if name in found}


def _automatic(connection: Connection, workspace: int) -> dict[str, int]:
    query = select(behaviors.c.behavior, behaviors.c.number).where(
        behaviors.c.workspace == workspace,
        behaviors.c.automatic,
        behaviors.c.number > 0,
        behaviors.c.state == "active",
    )
    return {row.behavior: row.number for row in connection.execute(query)}


def _number(
    database: Database, table: Table, column: Column[str], counter: Column[int], workspace: int, ids: Collection[str]
) -> dict[str, int]:
    wanted = sorted(set(ids))
    with database.writing() as connection:
        found = _read(connection, table, column, workspace, wanted)
        missing = [name for name in wanted if name not in found]
        if missing:
            first = _reserve(connection, counter, workspace, len(missing))
            if table is users:  # asked while we hold the counter, as who erases does
                found |= _erased(connection, workspace, missing)
                missing = [name for name in missing if name not in found]
            new = (
                func.unnest(bindparam("ids", missing, ARRAY(Text)))
                .table_valued("id", with_ordinality="place")
                .render_derived()
            )
            rows = select(literal(workspace), literal(first - 1) + new.c.place, new.c.id)
            target = upsert(table).from_select(["workspace", "number", column.name], rows.order_by(new.c.id))
            connection.execute(target.on_conflict_do_nothing())
            found |= _read(connection, table, column, workspace, missing)
    return found


def _read(connection: Connection, table: Table, column: Column[str], workspace: int, ids: list[str]) -> dict[str, int]:
    query = select(column, table.c.number).where(
        table.c.workspace == workspace, column == func.any(bindparam("ids", ids, ARRAY(Text)))
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def _erased(connection: Connection, workspace: int, ids: list[str]) -> dict[str, int]:
    names = {id_hash(workspace, name): name for name in ids}
    query = select(erased.c.hash, erased.c.number).where(
        erased.c.workspace == workspace, erased.c.hash == func.any(bindparam("hashes", list(names), ARRAY(BYTEA)))
    )
    return {names[bytes(row.hash)]: row.number for row in connection.execute(query)}


def _reserve(connection: Connection, counter: Column[int], workspace: int, n: int) -> int:
    reserved = connection.scalar(
        update(workspaces).where(workspaces.c.id == workspace).values({counter: counter + n}).returning(counter)
    )
    return int(reserved or 0) - n

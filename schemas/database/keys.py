"""API keys in the database."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Engine, func, insert, select, update

from schemas.database.tables import keys
from schemas.keys import Key, Scope, hash_secret, new_secret, prefix_of

_KEY = (keys.c.id, keys.c.workspace, keys.c.name, keys.c.prefix, keys.c.hash, keys.c.scopes)


def create_key(
    engine: Engine, workspace: int, scopes: Iterable[Scope], name: str = "default", secret: str | None = None
) -> str:
    """Stores a new key and returns its secret, which nothing can show again."""
    secret = secret or new_secret()
    with engine.begin() as connection:
        connection.execute(
            insert(keys).values(
                workspace=workspace,
                name=name,
                prefix=prefix_of(secret),
                hash=hash_secret(secret),
                scopes=sorted(scopes),
            )
        )
    return secret


def valid_keys(connection: Connection) -> list[Key]:
    """Every key that is not revoked: what a process keeps in memory and reads again every few seconds."""
    rows = connection.execute(select(*_KEY).where(keys.c.revoked_at.is_(None)))
    return [Key(row.id, row.workspace, row.name, row.prefix, bytes(row.hash), frozenset(row.scopes)) for row in rows]


def list_keys(connection: Connection, workspace: int) -> list[dict[str, Any]]:
    """A workspace's keys, newest first, without secrets."""
    columns = [c for c in keys.c if c.name != "hash"]
    found = connection.execute(select(*columns).where(keys.c.workspace == workspace).order_by(keys.c.id.desc()))
    return [dict(row) for row in found.mappings()]


def revoke_key(connection: Connection, workspace: int, key: int) -> bool:
    """Ends a key; false where the workspace has no such valid key."""
    done = connection.execute(
        update(keys)
        .where(keys.c.workspace == workspace, keys.c.id == key, keys.c.revoked_at.is_(None))
        .values(revoked_at=func.now())
    )
    return done.rowcount == 1

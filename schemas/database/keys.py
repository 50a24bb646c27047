"""API keys in the database."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Engine, func, insert, or_, select, update

from schemas.database.sessions import Database
from schemas.database.tables import keys
from schemas.errors import NotFoundError
from schemas.keys import Key, hash_secret, new_secret, prefix_of

_KEY = (keys.c.id, keys.c.workspace, keys.c.name, keys.c.prefix, keys.c.hash, keys.c.scopes, keys.c.per_second)
_NOTED = timedelta(seconds=10)  # a key that is used all the time is written down this often


class Rotated(NamedTuple):
    """The key that takes another's place; its secret is shown once."""

    name: str
    scopes: list[str]
    secret: str


def create_key(
    engine: Engine,
    workspace: int,
    scopes: Iterable[str],
    name: str = "default",
    secret: str | None = None,
    per_second: float | None = None,
) -> str:
    """Stores a new key in a transaction of its own, and returns its secret."""
    with engine.begin() as connection:
        return add_key(connection, workspace, scopes, name, per_second, secret)


def add_key(
    connection: Connection,
    workspace: int,
    scopes: Iterable[str],
    name: str,
    per_second: float | None = None,
    secret: str | None = None,
) -> str:
    """Stores a new key and returns its secret, which nothing can show again."""
    secret = secret or new_secret()
    _insert(connection, secret, workspace=workspace, name=name, scopes=sorted(scopes), per_second=per_second)
    return secret


def valid_keys(connection: Connection) -> list[Key]:
    """Every key that is valid now: what a process keeps in memory and reads again every few seconds."""
    rows = connection.execute(select(*_KEY).where(_valid()))
    return [Key(*row[:4], bytes(row.hash), frozenset(row.scopes), row.per_second) for row in rows]


def known_hashes(connection: Connection) -> set[bytes]:
    """What was ever stored, revoked ones too: a secret that was revoked must not come back."""
    return {bytes(stored) for stored in connection.scalars(select(keys.c.hash))}


def exchange_keys(database: Database, used: Sequence[int]) -> list[Key]:
    """Writes down that keys of these numbers were used just now, and returns every valid one."""
    with database.writing() as connection:
        if used:
            known = or_(keys.c.last_used_at.is_(None), keys.c.last_used_at < func.now() - _NOTED)
            noted = update(keys).where(keys.c.id.in_(used), known)
            connection.execute(noted.values(last_used_at=func.now()))
        return valid_keys(connection)


def list_keys(connection: Connection, workspace: int) -> list[dict[str, Any]]:
    """A workspace's keys, newest first, without secrets."""
    columns = [c for c in keys.c if c.name != "hash"]
    found = connection.execute(select(*columns).where(keys.c.workspace == workspace).order_by(keys.c.id.desc()))
    return [dict(row) for row in found.mappings()]


def rotate_key(connection: Connection, workspace: int, key: int, overlap: timedelta) -> Rotated:
    """Makes a key of the same name and scopes, and lets the old one end after `overlap`.

    Raises a NotFoundError where the workspace has no such valid key, or it is ending already.
    """
    ended = (
        update(keys)
        .where(keys.c.workspace == workspace, keys.c.id == key, keys.c.revoked_at.is_(None))
        .values(revoked_at=func.now() + overlap)
        .returning(keys.c.workspace, keys.c.name, keys.c.scopes, keys.c.per_second)
    )
    old = connection.execute(ended).mappings().one_or_none()
    if old is None:
        raise NotFoundError(f"There is no valid key {key} in this workspace that is not ending already.")
    secret = new_secret()
    _insert(connection, secret, **old)
    return Rotated(old["name"], old["scopes"], secret)


def revoke_key(connection: Connection, workspace: int, key: int) -> bool:
    """Ends a key; false where the workspace has no such valid key."""
    ours = (keys.c.workspace == workspace, keys.c.id == key)
    done = connection.execute(update(keys).where(*ours, _valid()).values(revoked_at=func.now()))
    return done.rowcount == 1


def _insert(connection: Connection, secret: str, **values: Any) -> None:
    connection.execute(insert(keys).values(prefix=prefix_of(secret), hash=hash_secret(secret), **values))


def _valid() -> ColumnElement[bool]:
    """A key that was rotated stays valid until its `revoked_at`."""
    return or_(keys.c.revoked_at.is_(None), keys.c.revoked_at > func.now())

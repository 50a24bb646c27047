"""Writes with an Idempotency-Key: carried out once, in the transaction that notes the key."""

from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from schemas.database.tables import requests

KEPT = timedelta(hours=48)


class Known(NamedTuple):
    """What is known of a key that was used before; `status` None: it was carried out, and its answer was lost."""

    digest: bytes
    status: int | None
    answer: str | None


def begin(connection: Connection, workspace: int, key: str, digest: bytes) -> Known | None:
    """Notes a key in the write's own transaction; what is known of it where it is not new.

    Who comes with the same key meanwhile waits here until the first one has ended.
    """
    row = {"workspace": workspace, "key": key, "digest": digest}
    if connection.execute(upsert(requests).values(row).on_conflict_do_nothing()).rowcount:
        return None
    of = (requests.c.workspace == workspace, requests.c.key == key)
    found = connection.execute(select(requests.c.digest, requests.c.status, requests.c.answer).where(*of)).one()
    return Known(bytes(found.digest), found.status, found.answer)


def keep_answer(connection: Connection, workspace: int, key: str, status: int, answer: str) -> None:
    """Keeps what was answered, and forgets what is older than KEPT."""
    of = (requests.c.workspace == workspace, requests.c.key == key)
    connection.execute(update(requests).where(*of).values(status=status, answer=answer))
    connection.execute(delete(requests).where(requests.c.recorded_at < func.now() - KEPT))

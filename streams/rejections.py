"""Refused events from their topic into the table that people look into."""

from collections.abc import Sequence

import msgspec

from schemas.database.fold import write_refused
from schemas.database.rows import Refused
from schemas.database.sessions import Database
from schemas.rejections import Rejection
from schemas.topics import REJECTED, TOPIC_CODES

_decode = msgspec.msgpack.Decoder(Rejection).decode


def keep(database: Database, partition: int, records: Sequence[tuple[int, bytes]], now: int) -> None:
    """Stores each record once, by its offset; storing it again changes nothing."""
    rows = [_row(partition, offset, value, now) for offset, value in records]
    with database.writing() as connection:
        write_refused(connection, rows)


def _row(partition: int, offset: int, value: bytes, now: int) -> Refused:
    topic = TOPIC_CODES[REJECTED]
    try:
        one = _decode(value)
    except msgspec.MsgspecError as error:
        reason = f"the record can't be read: {error}"
        return Refused(topic, partition, offset, 0, None, "rejection.unreadable", reason, value, now)
    return Refused(
        topic, partition, offset, 0, one.workspace, one.code, _text(one.message), one.raw, one.received,
        stage="ingest", field=_text(one.field), message_id=_text(one.message_id),
    )  # fmt: skip


def _text(text: str) -> str:
    """What the database can hold of it."""
    return text.replace("\0", "")[:4096]

"""COPY in PostgreSQL's binary format, put together from numpy columns: no row is built in Python."""

from collections.abc import Mapping, Sequence
from io import BytesIO, StringIO
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from schemas.clock import HOUR_MS
from schemas.database.rows import Added, CountedIds, PathSteps

_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END = b"\xff\xff"
# PostgreSQL counts microseconds from 2000-01-01.
_EPOCH_MS = 946_684_800_000

_WINDOW = {
    "workspace": "i4", "account": "i4", "behavior": "i4", "hour": "i8", "topic": "i2", "partition": "i2",
    "events": "i4", "value": "f8", "id_sum": "i8",
}  # fmt: skip
_STEP = {
    "workspace": "i4", "behavior": "i4", "account": "i4", "user": "i8", "time": "i8", "steps": "i4", "topic": "i2",
}  # fmt: skip
_COUNTED = {"topic": "i2", "partition": "i2", "partitions": "i2", "hour": "i8", "first_offset": "i8"}


class WindowDeltas(Protocol):
    """Columns of equal length, hours since the epoch; entry i has the users `users[bounds[i] : bounds[i + 1]]`."""

    @property
    def hour(self) -> NDArray[np.int64]: ...  # noqa: D102
    @property
    def users(self) -> NDArray[np.uint32]: ...  # noqa: D102
    @property
    def bounds(self) -> NDArray[np.int64]: ...  # noqa: D102
    def __len__(self) -> int: ...


def windows_data(deltas: WindowDeltas) -> bytes:
    """The deltas as COPY data for `windows`."""
    columns = {name: getattr(deltas, name) for name in _WINDOW if name != "hour"}
    columns["hour"] = deltas.hour * (HOUR_MS * 1000) - _EPOCH_MS * 1000
    heads = _heads(_WINDOW, columns, 1 + 4 * np.diff(deltas.bounds))
    users = deltas.users.astype("<u4").tobytes()
    ends = (4 * deltas.bounds).tolist()
    size = len(heads) // max(1, len(deltas))
    pieces = [_HEADER]
    for i in range(len(deltas)):
        pieces += (heads[i * size : i * size + size], b"a", users[ends[i] : ends[i + 1]])
    return b"".join((*pieces, _END))


def ids_data(rows: Sequence[CountedIds]) -> bytes:
    """Rows of `counted_ids` as COPY data; `hour` is counted from the epoch."""
    columns = {name: np.array([getattr(row, name) for row in rows], np.int64) for name in _COUNTED}
    columns["hour"] = columns["hour"] * (HOUR_MS * 1000) - _EPOCH_MS * 1000
    return _with_last(_heads(_COUNTED, columns, np.array([len(row.ids) for row in rows])), [row.ids for row in rows])


def steps_data(parts: Sequence[PathSteps]) -> bytes:
    """Rows of `path_steps` as COPY data; nothing for none."""
    if not sum(len(part.time) for part in parts):
        return b""
    rows = PathSteps(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
    columns = rows._asdict() | {"time": (rows.time - _EPOCH_MS) * 1000}
    return _with_last(_heads(_STEP, columns, np.full(len(rows.time), 16)), [of.tobytes() for of in rows.ids])


def copy_added(connection: Connection, added: Added) -> None:
    """Appends what `windows_data` and `steps_data` made."""
    if added.windows:
        _copy(connection, f"COPY windows ({', '.join(_WINDOW)}, users) FROM STDIN (FORMAT binary)", added.windows)
    if added.steps:
        columns = ", ".join(f'"{name}"' for name in _STEP)
        _copy(connection, f"COPY path_steps ({columns}, id_hash) FROM STDIN (FORMAT binary)", added.steps)


def copy_ids(connection: Connection, data: bytes) -> None:
    """Appends what `ids_data` made."""
    _copy(connection, f"COPY counted_ids ({', '.join(_COUNTED)}, ids) FROM STDIN (FORMAT binary)", data)


def _heads(types: dict[str, str], columns: Mapping[str, NDArray[Any]], lengths: NDArray[np.int64]) -> bytes:
    """Each row up to its last field's data: how many fields, each one's length and value, the last's length."""
    layout: list[tuple[str, str]] = [("fields", ">i2")]
    for name, kind in types.items():
        layout += [(f"{name} bytes", ">i4"), (name, f">{kind}")]
    heads = np.empty(len(lengths), np.dtype([*layout, ("last bytes", ">i4")]))
    heads["fields"] = len(types) + 1
    for name, kind in types.items():
        heads[f"{name} bytes"] = int(kind[1:])
        heads[name] = columns[name]
    heads["last bytes"] = lengths
    return heads.tobytes()


def copy_text(connection: Connection, statement: str, lines: StringIO) -> None:
    """Appends lines in PostgreSQL's text format."""
    _copy(connection, statement, lines.getvalue().encode())


def _with_last(heads: bytes, last: Sequence[bytes]) -> bytes:
    """COPY data of rows whose last fields are these."""
    size = len(heads) // max(1, len(last))
    pieces = [part for i, data in enumerate(last) for part in (heads[i * size : i * size + size], data)]
    return b"".join((_HEADER, *pieces, _END))


def _copy(connection: Connection, statement: str, data: bytes) -> None:
    driver = connection.connection.driver_connection
    if driver is None:
        raise RuntimeError("the connection is closed")
    with driver.cursor() as cursor:
        cursor.copy_expert(statement, BytesIO(data))

r"""The value of a record on `events` and `events.history`: a version byte, then a batch of events in MessagePack.

Version 1, rows: `[workspace, received, source, [event, …]]` with events as maps; easy to produce from anywhere.
Version 2, columns: what the collector writes; names, accounts and users are said once a batch, so that reading one
costs a few microseconds however many events are in it. Both decode to the same `EventBatch`.

A batch without events is a heartbeat: all that its collector received before `received` stands before it.
A batch whose `closes` is set closes that import: nothing more of it follows in this partition.

>>> event = UsageEvent(id="m1", time=1_700_000_000_000, name="report.exported", account="acme", user="ada")
>>> batch = decode(encode(1, 1_700_000_000_500, "segment", [event]))
>>> batch.names, batch.account_index.tolist(), batch.event(0) == event
(['report.exported'], [0], True)
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from schemas.errors import DecodeError
from schemas.events import Kind, UsageEvent, id_hasher
from schemas.topics import slot_of

ROWS, COLUMNS = 1, 2
ABSENT = -1


class PackedEvent(NamedTuple):
    """A `UsageEvent` whose properties are MessagePack already: what the collector holds many of."""

    id: str
    time: int
    kind: int
    name: str
    account: str | None
    user: str | None
    properties: bytes


class _Rows(msgspec.Struct, array_like=True, frozen=True):
    workspace: int
    received: int
    source: str
    events: list[UsageEvent]
    closes: str = ""
    closes_in: int = 0


class _Columns(msgspec.Struct, array_like=True, frozen=True):
    workspace: int
    received: int
    source: str
    closes: str
    ids: bytes
    times: bytes
    slots: bytes
    kinds: bytes
    names: list[str]
    name_index: bytes
    accounts: list[str]
    account_index: bytes
    users: list[str]
    user_index: bytes
    message_ids: msgspec.Raw
    properties: msgspec.Raw
    closes_in: int = 0


class EventBatch:
    """n events of one workspace in columns.

    `ids` is (n, 2) uint64 (the 128-bit hashes), `times` int64 milliseconds, `slots` uint16, `kinds` uint8. `names`,
    `accounts`, `users` are the distinct strings; `name_index`, `account_index`, `user_index` (int32) point into them,
    ABSENT (-1) where an event has none. Message ids and properties are decoded only when asked for.
    """

    __slots__ = ("_columns", "account_index", "ids", "kinds", "name_index", "slots", "times", "user_index")

    def __init__(self, columns: _Columns) -> None:
        self._columns = columns
        self.ids: NDArray[np.uint64] = np.frombuffer(columns.ids, "<u8").reshape(-1, 2)
        self.times: NDArray[np.int64] = np.frombuffer(columns.times, "<i8")
        self.slots: NDArray[np.uint16] = np.frombuffer(columns.slots, "<u2")
        self.kinds: NDArray[np.uint8] = np.frombuffer(columns.kinds, "u1")
        self.name_index: NDArray[np.int32] = np.frombuffer(columns.name_index, "<i4")
        self.account_index: NDArray[np.int32] = np.frombuffer(columns.account_index, "<i4")
        self.user_index: NDArray[np.int32] = np.frombuffer(columns.user_index, "<i4")
        self._check()

    def _check(self) -> None:
        columns, n = self._columns, len(self.times)
        if any(len(column) != n for column in (self.ids, self.slots, self.kinds)):
            raise DecodeError("the batch's columns differ in length")
        for strings, index in (
            (columns.names, self.name_index),
            (columns.accounts, self.account_index),
            (columns.users, self.user_index),
        ):
            if len(index) != n or (n and not ABSENT <= index.min() <= index.max() < len(strings)):
                raise DecodeError("an index of the batch points past its strings")
        if n and int(self.kinds.max()) > max(Kind):
            raise DecodeError("the batch holds an event of an unknown kind")

    @property
    def workspace(self) -> int:
        """The workspace that owns every event of the batch; 0 in a heartbeat."""
        return self._columns.workspace

    @property
    def received(self) -> int:
        """When the collector took the batch in, milliseconds since the epoch."""
        return self._columns.received

    @property
    def source(self) -> str:
        """Who sent it: the name of the write key, or the import's id."""
        return self._columns.source

    @property
    def closes(self) -> str:
        """The id of the import that this batch closes, or an empty string."""
        return self._columns.closes

    @property
    def closes_in(self) -> int:
        """How many partitions are told that the import is closed; 0 where that is not said."""
        return self._columns.closes_in

    @property
    def names(self) -> list[str]:
        """The distinct event names."""
        return self._columns.names

    @property
    def accounts(self) -> list[str]:
        """The distinct explicit accounts."""
        return self._columns.accounts

    @property
    def users(self) -> list[str]:
        """The distinct users."""
        return self._columns.users

    @property
    def is_heartbeat(self) -> bool:
        """True where the batch only tells the time."""
        return len(self.times) == 0 and not self.closes

    def __len__(self) -> int:
        return len(self.times)

    def message_ids(self) -> list[str]:
        """The clients' own ids, in order."""
        return msgspec.msgpack.decode(self._columns.message_ids, type=list[str])

    def properties(self) -> list[dict[str, Any]]:
        """Each event's properties, in order."""
        return [msgspec.msgpack.decode(raw) for raw in self.raw_properties()]

    def raw_properties(self) -> list[bytes]:
        """Each event's properties as MessagePack, in order: decode only those you need."""
        return msgspec.msgpack.decode(self._columns.properties, type=list[bytes])

    def event(self, i: int) -> UsageEvent:
        """The i-th event as a row."""
        account, user = int(self.account_index[i]), int(self.user_index[i])
        return UsageEvent(
            id=self.message_ids()[i],
            time=int(self.times[i]),
            kind=Kind(int(self.kinds[i])),
            name=self.names[self.name_index[i]],
            account=None if account == ABSENT else self.accounts[account],
            user=None if user == ABSENT else self.users[user],
            properties=msgspec.msgpack.decode(self.raw_properties()[i]),
        )


_pack = msgspec.msgpack.Encoder().encode
_unpack_rows = msgspec.msgpack.Decoder(_Rows).decode
_unpack_columns = msgspec.msgpack.Decoder(_Columns).decode


def pack(event: UsageEvent) -> PackedEvent:
    """An event ready for a batch. Raises OverflowError for a whole number that no 64 bits hold."""
    return PackedEvent(event.id, event.time, event.kind, event.name, event.account, event.user, _pack(event.properties))


def encode(workspace: int, received: int, source: str, events: Sequence[UsageEvent]) -> bytes:
    """Events of one workspace as one record value (columns)."""
    slots = [slot_of(workspace, event.routing) for event in events]
    return encode_packed(workspace, received, source, [pack(event) for event in events], slots)


def encode_packed(
    workspace: int, received: int, source: str, events: Sequence[PackedEvent], slots: Sequence[int]
) -> bytes:
    """The same of packed events, whose slots are known."""
    return bytes([COLUMNS]) + _pack(_columns(workspace, received, source, events, slots))


def encode_heartbeat(received: int, source: str) -> bytes:
    """A record value that only tells how far its collector is."""
    return encode(0, received, source, [])


def encode_closing(workspace: int, received: int, import_id: str, partitions: int = 0) -> bytes:
    """A record value that closes an import; it goes to every one of the `partitions` partitions of `events.history`."""
    return bytes([ROWS]) + _pack(_Rows(workspace, received, import_id, [], import_id, partitions))


def decode(value: bytes) -> EventBatch:
    """A record value as a batch. Raises DecodeError, with the reason, for anything else."""
    try:
        match value[0]:
            case 2:
                return EventBatch(_unpack_columns(memoryview(value)[1:]))
            case 1:
                rows = _unpack_rows(memoryview(value)[1:])
                slots = [slot_of(rows.workspace, event.routing) for event in rows.events]
                packed = [pack(event) for event in rows.events]
                columns = _columns(rows.workspace, rows.received, rows.source, packed, slots)
                return EventBatch(msgspec.structs.replace(columns, closes=rows.closes, closes_in=rows.closes_in))
            case version:
                raise DecodeError(f"unknown version byte {version}")
    except IndexError:
        raise DecodeError("the record is empty") from None
    except (msgspec.DecodeError, ValueError) as error:
        raise DecodeError(f"the record can't be read: {error}") from error


def _columns(
    workspace: int,
    received: int,
    source: str,
    events: Sequence[PackedEvent],
    slots: Sequence[int],
) -> _Columns:
    ids, times, kinds, names, accounts, users, properties = zip(*events, strict=True) if events else [()] * 7
    hash_id = id_hasher(workspace)
    distinct_names, name_index = _distinct(names)
    distinct_accounts, account_index = _distinct(accounts)
    distinct_users, user_index = _distinct(users)
    return _Columns(
        workspace=workspace,
        received=received,
        source=source,
        closes="",
        ids=b"".join([hash_id(event_id) for event_id in ids]),
        times=np.array(times, "<i8").tobytes(),
        slots=np.array(slots, "<u2").tobytes(),
        kinds=bytes(kinds),
        names=distinct_names,
        name_index=name_index,
        accounts=distinct_accounts,
        account_index=account_index,
        users=distinct_users,
        user_index=user_index,
        message_ids=msgspec.Raw(_pack(ids)),
        properties=msgspec.Raw(_pack(properties)),
    )


def _distinct(values: Sequence[str | None]) -> tuple[list[str], bytes]:
    codes: dict[str | None, int] = {None: ABSENT}
    index = [codes.setdefault(value, len(codes) - 1) for value in values]
    return [value for value in codes if value is not None], np.array(index, "<i4").tobytes()

"""What an audit compares, in columns: the topic's events, and sums of them by account and hour."""

from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

from schemas.batches import ABSENT, EventBatch
from schemas.clock import HOUR_MS

Ints = NDArray[np.int64]
Hashes = NDArray[np.uint64]
Small = NDArray[np.uint8]
_HOURS = 1 << 32
_EPOCH = 1 << 31  # hours before 1970 are fine


def joined_hashes(parts: Sequence[Hashes]) -> Hashes:
    """Many arrays of hashes as one."""
    return np.concatenate([np.empty(0, np.uint64), *parts])


class Codes:
    """Small numbers for (workspace, account) pairs; account None stands for events that name none."""

    def __init__(self) -> None:
        self._codes: dict[tuple[int, str | None], int] = {}
        self.pairs: list[tuple[int, str | None]] = []

    def of(self, workspace: int, account: str | None) -> int:
        """The pair's number, a new one where it is new."""
        code = self._codes.setdefault((workspace, account), len(self.pairs))
        if code == len(self.pairs):
            self.pairs.append((workspace, account))
        return code

    def without_account(self) -> Ints:
        """By code: the code of the same workspace's events that name no account."""
        pairs = list(self.pairs)
        return np.array([self.of(workspace, None) for workspace, _ in pairs], np.int64)


class TopicEvents:
    """n events as they stand on the topics, column by column.

    `low` (the first) and `high` are the halves of the ids, `owner` is a code of `Codes`, `hour` and `received` count
    hours since the epoch, `kind` is a schemas.events.Kind, `topic` the topic's number.
    """

    __slots__ = ("high", "hour", "kind", "low", "owner", "received", "topic")
    _COLUMNS = ("low", "high", "owner", "hour", "kind", "received", "topic")
    _TYPES = ("u8", "u8", "i8", "i8", "u1", "i8", "u1")

    def __init__(
        self,
        low: Hashes,
        high: Hashes,
        owner: Ints,
        hour: Ints,
        kind: Small,
        received: Ints,
        topic: Small,
    ) -> None:
        self.low, self.high, self.owner, self.hour = low, high, owner, hour
        self.kind, self.received, self.topic = kind, received, topic

    def __len__(self) -> int:
        return len(self.low)

    @classmethod
    def of(cls, batch: EventBatch, topic: int, codes: Codes) -> Self:
        """One record's events."""
        owners = np.array([codes.of(batch.workspace, account) for account in (*batch.accounts, None)], np.int64)
        # ABSENT is -1, so it points at the last owner: none.
        assert ABSENT == -1  # noqa: S101
        return cls(
            batch.ids[:, 0],
            batch.ids[:, 1],
            owners[batch.account_index],
            batch.times // HOUR_MS,
            batch.kinds,
            np.full(len(batch), batch.received // HOUR_MS, np.int64),
            np.full(len(batch), topic, np.uint8),
        )

    @classmethod
    def joined(cls, parts: Sequence["TopicEvents"]) -> Self:
        """Many records' events as one."""
        empty = [np.empty(0, kind) for kind in cls._TYPES]
        return cls(
            *(
                np.concatenate([none, *(getattr(part, name) for part in parts)])
                for none, name in zip(empty, cls._COLUMNS, strict=True)
            )
        )

    def take(self, chosen: NDArray[np.bool_] | Ints) -> Self:
        """Some of the events."""
        return type(self)(*(getattr(self, name)[chosen] for name in self._COLUMNS))


class Sums:
    """Events and the wrapping 64-bit sum of their ids, by owner and hour; keys are sorted and distinct."""

    __slots__ = ("events", "ids", "keys")

    def __init__(self, keys: Ints, events: Ints, ids: Hashes) -> None:
        self.keys, self.events, self.ids = keys, events, ids

    @classmethod
    def of(cls, owner: Ints, hour: Ints, events: Ints, ids: Hashes) -> Self:
        """Adds up rows of the same owner and hour."""
        keys = owner * _HOURS + hour + _EPOCH
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        starts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]][: len(keys)])
        if not len(keys):
            return cls(keys, events[:0], ids[:0])
        return cls(keys[starts], np.add.reduceat(events[order], starts), np.add.reduceat(ids[order], starts))

    def owners(self) -> Ints:
        """The owner code of each sum."""
        return self.keys // _HOURS

    def hours(self) -> Ints:
        """The hour (since the epoch) of each sum."""
        return self.keys % _HOURS - _EPOCH

    def minus(self, other: "Sums") -> Self:
        """The differences that are not zero; ids wrap, so equal sets of events always cancel."""
        owner = np.concatenate([self.owners(), other.owners()])
        hour = np.concatenate([self.hours(), other.hours()])
        # 0 - x wraps for unsigned numbers, as it shall.
        negated = np.zeros(len(other.ids), np.uint64) - other.ids
        sums = self.of(owner, hour, np.concatenate([self.events, -other.events]), np.concatenate([self.ids, negated]))
        differs = (sums.events != 0) | (sums.ids != 0)
        return type(self)(sums.keys[differs], sums.events[differs], sums.ids[differs])

    def take(self, chosen: NDArray[np.bool_]) -> Self:
        """Some of the sums."""
        return type(self)(self.keys[chosen], self.events[chosen], self.ids[chosen])

    def owned_keys(self, owners: Ints) -> Ints:
        """The keys that the sums would have under other owners (by code)."""
        return owners[self.owners()] * _HOURS + self.keys % _HOURS

    def owned_by(self, owners: Ints) -> Self:
        """The same sums under other owners (by code), added up where they meet."""
        return self.of(owners[self.owners()], self.hours(), self.events, self.ids)

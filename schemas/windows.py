"""Windows: what one account did of one behavior in one UTC hour, and how any span is read from them.

User sets are numbers of users within the workspace (1 … 2^32 - 1), written as a tag byte and either the sorted numbers
themselves (`a`, what a fold appends) or a roaring bitmap (`r`, what compaction leaves).

>>> count_users([encode_users([3, 7]), encode_users(range(5, 200))])
196
"""

from collections.abc import Iterable
from typing import Literal

import msgspec
import numpy as np
from pyroaring import BitMap

ALL = "*"  # the reserved behavior that counts every assigned event once
ALL_NUMBER = 0
_ARRAY, _ROARING = b"a", b"r"
_SMALL = 32

Span = Literal["hour", "day"]


class Window(msgspec.Struct, frozen=True):
    """One span of one account's behavior: its first moment (ms), events, distinct users, and summed value."""

    start: int
    events: int
    users: int
    value: float


def encode_users(numbers: Iterable[int]) -> bytes:
    """A set of user numbers as bytes."""
    bitmap = BitMap(numbers)
    if len(bitmap) <= _SMALL:
        return _ARRAY + np.fromiter(bitmap, "<u4", len(bitmap)).tobytes()
    return _ROARING + bitmap.serialize()


def decode_users(data: bytes | memoryview) -> BitMap:
    """The set that `encode_users` or a fold wrote."""
    data = bytes(data)
    if data[:1] == _ROARING:
        return BitMap.deserialize(data[1:])
    return BitMap(np.frombuffer(data, "<u4", offset=1))


def unite(sets: Iterable[bytes | memoryview]) -> BitMap:
    """The union of encoded sets: distinct users of any span are exact."""
    return BitMap.union(BitMap(), *(decode_users(data) for data in sets))


def count_users(sets: Iterable[bytes | memoryview]) -> int:
    """How many distinct users are in encoded sets together."""
    return len(unite(sets))

"""What one fold transaction writes, besides windows: rows as plain tuples, times in milliseconds since the epoch."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Moved(NamedTuple):
    """A partition, moved on from `version`, to the offset `next`; `heartbeat` is the newest one seen, or None."""

    topic: int
    partition: int
    version: int
    next: int
    heartbeat: int | None


class Stray(NamedTuple):
    """Events (`positions`, uint32) of a record that lies in `partition`, on their way to their slots' `home`."""

    topic: int
    home: int
    partition: int
    offset: int
    positions: bytes
    value: bytes
    id: int = 0


class CountedIds(NamedTuple):
    """The hashes (16 bytes each) of ids received in one hour that were counted now."""

    topic: int
    partition: int
    partitions: int
    hour: int
    first_offset: int
    ids: bytes


class PathSteps(NamedTuple):
    """Columns of equal length: who met which steps of a path (bit k of `steps`: step k), when (ms), by which event."""

    workspace: NDArray[np.int64]
    behavior: NDArray[np.int64]
    account: NDArray[np.int64]
    user: NDArray[np.int64]
    time: NDArray[np.int64]
    steps: NDArray[np.int64]
    topic: NDArray[np.int64]
    ids: NDArray[np.uint64]  # (n, 2): both halves of the id's hash


class Unassigned(NamedTuple):
    """An event whose user has no account yet; `event` is the UsageEvent in MessagePack."""

    topic: int
    partition: int
    id_hash: bytes
    workspace: int
    user: int | None
    time: int
    event: bytes


class Refused(NamedTuple):
    """What can't be counted: a whole record, or one event (`position`) of it."""

    topic: int
    partition: int
    offset: int
    position: int
    workspace: int | None
    code: str
    message: str
    raw: bytes
    received: int
    stage: str = "fold"
    field: str = ""
    message_id: str = ""


class Closing(NamedTuple):
    """The end of an import in one of the `partitions` partitions that were told of it."""

    workspace: int
    import_id: str
    partition: int
    partitions: int


class Late(NamedTuple):
    """The earliest hour (ms) of a workspace that was written behind what may be evaluated already."""

    workspace: int
    topic: int
    hour: int


class Added(NamedTuple):
    """What counted events add: rows of `windows` and `path_steps` as COPY data, and what is to be evaluated again."""

    windows: bytes = b""
    steps: bytes = b""
    late: Sequence[Late] = ()


class UserFact(NamedTuple):
    """Traits of a user since `time`."""

    workspace: int
    user: int
    time: int
    traits: dict[str, Any]


class Joined(NamedTuple):
    """A user belongs to an account since `time`."""

    workspace: int
    user: int
    time: int
    account: int


class Alias(NamedTuple):
    """`previous` became `user` at `time`: they are one person."""

    workspace: int
    previous: int
    user: int
    time: int


class SignalFact(NamedTuple):
    """A call, meeting, e-mail, … with an account at `time`."""

    workspace: int
    account: int
    signal: str
    direction: str
    participants: list[str]
    id_hash: bytes
    properties: dict[str, Any]
    time: int

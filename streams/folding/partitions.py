"""What a worker keeps of a partition it owns; worthless as soon as another has moved the partition on."""

from dataclasses import dataclass, field

import numpy as np

from schemas.database.partitions import Position, load_ids, newest_hour, positions
from schemas.database.sessions import Database
from schemas.errors import UnavailableError
from schemas.topics import HISTORY, TOPIC_CODES
from streams.dedupe import Dedupe, Ids

_LIVE_HOURS = 48
_EVER = -1 << 20


@dataclass
class Partition:
    """Where the partition stands by our own account, and the ids it has counted."""

    topic: int
    partition: int
    at: Position
    dedupe: Dedupe
    newest_hour: int = field(default=0)

    def horizon(self) -> int:
        """The first received hour (since the epoch) whose ids are still held against new events."""
        return horizon(self.topic, self.newest_hour)

    def reach(self, hour: int) -> None:
        """Notes that records of `hour` arrive now; what is behind the horizon then may be forgotten."""
        if hour > self.newest_hour:
            self.newest_hour = hour
            self.dedupe.forget_before(self.horizon())


def horizon(topic: int, hour: int) -> int:
    """An import's ids are held for good, live ones for 48 hours."""
    return _EVER if topic == TOPIC_CODES[HISTORY] else hour - _LIVE_HOURS


def load(database: Database, topic: int, partition: int, limit: int, hour: int) -> Partition:
    """A partition as the database knows it now: offset and ids in one snapshot. `hour` is the present one."""
    with database.reading() as connection:
        found = positions(connection, [(topic, partition)])
        if not found:
            raise UnavailableError(f"Partition {partition} of topic {topic} was not begun; it is read again.")
        at = found[topic, partition]
        newest = min(hour, newest_hour(connection, topic))  # not the clock: what is read may be days old
        ids = load_ids(connection, topic, partition, at.partitions, horizon(topic, newest))

    def look(of: int) -> Ids:
        with database.reading() as connection:
            return _joined(load_ids(connection, topic, partition, at.partitions, of, of + 1).get(of, []))

    dedupe = Dedupe(limit, look)
    for received in sorted(ids):
        dedupe.add(_joined(ids[received]), received)
        dedupe.trim()
    return Partition(topic, partition, at, dedupe, newest)


def _joined(parts: list[Ids]) -> Ids:
    return np.concatenate([np.empty((0, 2), np.uint64), *parts])

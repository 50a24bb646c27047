"""The Kafka topics, and how an event finds its partition."""

import msgspec
import xxhash

EVENTS = "events"
HISTORY = "events.history"
REJECTED = "events.rejected"
TICKS = "ticks"
ALERTS = "alerts"

DAY = 86_400_000
KEPT_MS = 396 * DAY  # 13 months: the topic is the source of every rebuild

SLOTS = 1024


class Topic(msgspec.Struct, frozen=True):
    """A topic as it is created. `partitions` None means the setting's number."""

    name: str
    partitions: int | None
    retention_ms: int
    config: dict[str, str] = {}


# Events are compressed by the collector; LogAppendTime keeps retention true for events that arrive with old times.
_BATCHES = {"message.timestamp.type": "LogAppendTime", "max.message.bytes": "16777216", "compression.type": "producer"}

TOPICS = (
    Topic(EVENTS, None, KEPT_MS, _BATCHES),
    Topic(HISTORY, None, KEPT_MS, _BATCHES),
    Topic(REJECTED, 1, 30 * DAY, _BATCHES),
    Topic(TICKS, 8, DAY),
    Topic(ALERTS, 8, 90 * DAY),
)

# The number that stands for a topic in the database's keys.
TOPIC_CODES = {EVENTS: 0, HISTORY: 1, REJECTED: 2}
DERIVED = 3  # no topic: windows that are worked out from path steps, and written anew when those change


def slot_of(workspace: int, routing: str) -> int:
    """The slot (0 … 1023) of a routing key: the event's explicit account, else its user, else its id.

    Slots outlive partitions: a slot's partition is `slot % partitions`, so a changed partition count moves whole slots.
    """
    return xxhash.xxh3_64_intdigest(f"{workspace}\0{routing}".encode()) % SLOTS

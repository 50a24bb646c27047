"""Which windows lie behind what may have been evaluated already. Pure."""

from collections.abc import Mapping

import numpy as np

from schemas.clock import HOUR_MS
from schemas.database.rows import Late
from schemas.database.watermark import LATENESS_MS
from schemas.topics import HISTORY, TOPIC_CODES
from schemas.windows import ALL_NUMBER
from streams.fold import Deltas

_EVER, _NEVER = 1 << 60, -1


def late(deltas: Deltas, heartbeats: Mapping[tuple[int, int], int | None]) -> tuple[list[Late], int]:
    """The earliest late hour of each workspace and topic, and how many events were late.

    No hour is evaluated before every partition's heartbeat, this one's too, is past it by the allowed lateness; and the
    heartbeat moves in the transaction that writes these windows. So an hour that is not late by the heartbeat before
    that transaction can't have been evaluated without them. History is always evaluated again.
    """
    bound = np.zeros(len(deltas), np.int64)
    for (topic, partition), heartbeat in heartbeats.items():
        limit = _NEVER if heartbeat is None else (heartbeat - LATENESS_MS) // HOUR_MS
        limit = _EVER if topic == TOPIC_CODES[HISTORY] else limit
        bound[(deltas.topic == topic) & (deltas.partition == partition)] = limit
    behind = np.flatnonzero((deltas.hour < bound) & (deltas.behavior == ALL_NUMBER))
    earliest: dict[tuple[int, int], int] = {}
    for i in behind.tolist():
        key, hour = (int(deltas.workspace[i]), int(deltas.topic[i])), int(deltas.hour[i])
        earliest[key] = min(hour, earliest.get(key, hour))
    live = behind[deltas.topic[behind] != TOPIC_CODES[HISTORY]]
    return [Late(*key, hour * HOUR_MS) for key, hour in earliest.items()], int(deltas.events[live].sum())


def always(deltas: Deltas) -> list[Late]:
    """The earliest hour of each workspace and topic, late or not: for what comes out of the order of offsets."""
    earliest: dict[tuple[int, int], int] = {}
    for workspace, topic, hour in zip(
        *(c.tolist() for c in (deltas.workspace, deltas.topic, deltas.hour)), strict=True
    ):
        earliest[workspace, topic] = min(hour, earliest.get((workspace, topic), hour))
    return [Late(*key, hour * HOUR_MS) for key, hour in earliest.items()]


def touched(deltas: Deltas) -> set[tuple[int, int, int]]:
    """The (topic, partition, UTC day since the epoch) that got rows; compaction goes there later."""
    packed = np.unique(((deltas.topic << 16) | deltas.partition) << 32 | deltas.hour // 24)
    return {(one >> 48, (one >> 32) & 0xFFFF, one & 0xFFFF_FFFF) for one in packed.tolist()}

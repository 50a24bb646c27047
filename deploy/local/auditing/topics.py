"""Reads the event topics from their start up to given offsets, into columns."""

import logging
from collections.abc import Callable, Mapping, Set
from contextlib import suppress
from typing import Any

import msgspec
import numpy as np
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from deploy.local.auditing.columns import Codes, Hashes, Ints, TopicEvents, joined_hashes
from schemas.batches import decode
from schemas.errors import DecodeError, UnavailableError
from schemas.events import id_hash
from schemas.rejections import Rejection
from schemas.topics import EVENTS, HISTORY, REJECTED, TOPIC_CODES

_NAMES = {code: name for name, code in TOPIC_CODES.items()}
_PATIENCE_MS = 30_000
Place = tuple[int, int, int]


class Reading(msgspec.Struct):
    """What stands on the topics.

    `set_aside` counts the events of records that the fold quarantined whole; `unreadable` are the places (topic,
    partition, offset) of records that don't decode; `expired` counts the offsets that the topics no longer hold,
    `straying` the events on their way to the partitions that count them. `ids` holds the first halves of the ids that
    are not among `events`: `quarantined` with their record, `straying`, or `later` than the offsets.
    """

    events: TopicEvents
    records: int = 0
    set_aside: int = 0
    unreadable: list[Place] = []
    expired: int = 0
    straying: int = 0
    ids: dict[str, Hashes] = {}


def read_topics(
    bootstrap: str,
    offsets: Mapping[tuple[int, int], int],
    quarantined: Set[Place],
    strays: Mapping[Place, Ints],
    codes: Codes,
    seen: Callable[[int], None] = lambda _: None,
    *,
    refused: Mapping[int, int] | None = None,
) -> Reading:
    """Every event before `offsets` (by topic number and partition), without the records in `quarantined`.

    `strays` says which events of which records are on their way, and left out, too. `seen` is told how many records
    were read. Where `refused` is given (by partition, up to where refused events are stored), ids are looked for behind
    all those offsets, too. Raises UnavailableError where Kafka stops answering.
    """
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    try:
        consumer = KafkaConsumer(
            bootstrap_servers=bootstrap.split(","),
            enable_auto_commit=False,
            check_crcs=False,
            fetch_max_bytes=64 << 20,
            max_partition_fetch_bytes=16 << 20,
            max_poll_records=2000,
        )
    except KafkaError as error:
        raise UnavailableError(f"Kafka at {bootstrap} does not answer: {error}") from error
    ends = {TopicPartition(_NAMES[topic], partition): end for (topic, partition), end in offsets.items()}
    try:
        stored = {TopicPartition(REJECTED, partition): end for partition, end in (refused or {}).items()}
        lasts = ends if refused is None else ends | _further(consumer, ends | stored)
        return _Reader(consumer, ends, lasts, stored, quarantined, strays, codes).read(seen)
    finally:
        consumer.close()


def _further(consumer: Any, ends: Mapping[Any, int]) -> dict[Any, int]:
    """Where partitions end that have gone on since, or that nobody has begun to count."""
    names = EVENTS, HISTORY, REJECTED
    every = [TopicPartition(name, n) for name in names for n in consumer.partitions_for_topic(name) or ()]
    found: dict[Any, int] = consumer.end_offsets(every) if every else {}
    return {tp: end for tp, end in found.items() if end > ends.get(tp, 0)}


class _Reader:
    def __init__(
        self,
        consumer: Any,
        ends: Mapping[Any, int],
        lasts: Mapping[Any, int],
        stored: Mapping[Any, int],
        quarantined: Set[Place],
        strays: Mapping[Place, Ints],
        codes: Codes,
    ) -> None:
        self._consumer = consumer
        self._ends, self._lasts, self._stored = ends, lasts, stored
        self._quarantined = quarantined
        self._strays = strays
        self._codes = codes
        self._parts: list[TopicEvents] = []
        self._ids: dict[str, list[Hashes]] = {"quarantined": [], "straying": [], "later": []}
        self._reading = Reading(TopicEvents.joined([]))

    def read(self, seen: Callable[[int], None]) -> Reading:
        left = self._begin()
        while left:
            polled = self._consumer.poll(timeout_ms=_PATIENCE_MS)
            if not polled:
                raise UnavailableError(
                    f"Kafka sent nothing for {_PATIENCE_MS // 1000} s; {len(left)} partitions are left."
                )
            for tp, records in polled.items():
                end = self._ends.get(tp, 0)
                self._take([record for record in records if record.offset < end])
                self._look_at([record for record in records if end <= record.offset < self._lasts[tp]])
                if self._consumer.position(tp) >= self._lasts[tp]:
                    left.discard(tp)
                    self._consumer.pause(tp)
            seen(self._reading.records)
        self._reading.events = TopicEvents.joined(self._parts)
        self._reading.ids = {where: joined_hashes(ids) for where, ids in self._ids.items()}
        return self._reading

    def _begin(self) -> set[Any]:
        starts: dict[Any, int] = self._consumer.beginning_offsets(list(self._lasts)) if self._lasts else {}
        self._reading.expired = sum(min(starts[tp], end) for tp, end in self._ends.items())
        left = {tp for tp, last in self._lasts.items() if max(starts[tp], self._stored.get(tp, 0)) < last}
        self._consumer.assign(list(left))
        for tp in left:
            self._consumer.seek(tp, max(starts[tp], self._stored.get(tp, 0)))
        return left

    def _take(self, records: list[Any]) -> None:
        self._reading.records += len(records)
        for record in records:
            place = (TOPIC_CODES[record.topic], record.partition, record.offset)
            try:
                batch = decode(record.value)
            except (DecodeError, TypeError):
                self._reading.unreadable.append(place)
                continue
            if place in self._quarantined:
                self._reading.set_aside += len(batch)
                self._ids["quarantined"].append(batch.ids[:, 0])
            elif len(batch):
                self._add(TopicEvents.of(batch, place[0], self._codes), place)

    def _look_at(self, records: list[Any]) -> None:
        """Notes the ids of records that nobody has counted yet."""
        for record in records:
            with suppress(DecodeError, TypeError, msgspec.MsgspecError):
                read = _refused if record.topic == REJECTED else _ids
                self._ids["later"].append(read(record.value))

    def _add(self, events: TopicEvents, place: Place) -> None:
        if place in self._strays:
            here = np.ones(len(events), np.bool_)
            here[self._strays[place]] = False
            self._reading.straying += len(events) - int(here.sum())
            self._ids["straying"].append(events.low[~here])
            events = events.take(here)
        self._parts.append(events)


def _ids(value: bytes) -> Hashes:
    return decode(value).ids[:, 0]


def _refused(value: bytes) -> Hashes:
    one = msgspec.msgpack.decode(value, type=Rejection)
    return np.frombuffer(id_hash(one.workspace, one.message_id)[:8], "<u8")

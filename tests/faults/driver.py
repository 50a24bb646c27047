"""One run: a product of its own, a client that keeps a ledger, faults one after the other, and then the account.

What is done to it follows from the seed alone, so a run can be had again; only the machine's own timing differs.
"""

import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg2
from kafka import KafkaConsumer, TopicPartition

from deploy.local.auditing.audit import Report, audit
from deploy.local.stack import Options, Stack
from schemas.topics import EVENTS, HISTORY, TOPIC_CODES
from tests.faults.client import Client, Traffic
from tests.faults.faults import FAULTS, Target

_COUNTED = "SELECT coalesce(sum(events), 0) FROM windows WHERE behavior = 0"
_WAITING = "SELECT count(*) FROM unassigned"
_STRAYS = "SELECT count(*) FROM strays"
_POISON = "SELECT count(*) FROM rejected WHERE stage = 'fold' AND code = 'record.unreadable'"
PATIENCE = 120.0


@dataclass
class Outcome:
    """What a run came to. `acked` ids are in the ledger; `recoveries` are seconds, by fault, in the order they were."""

    seed: int
    acked: int
    imported: int
    again: int
    lost: int
    doubled: int
    quarantined: int
    poison: int
    report: Report
    recoveries: list[tuple[str, float]] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return self.report.ok and not self.lost and not self.doubled and self.quarantined == self.poison


def plan(seed: int, faults: int, among: Sequence[str] = ()) -> list[str]:
    """The faults of a run: each once in a shuffled order, before any comes again.

    >>> plan(1, 3) == plan(1, 3)
    True
    """
    chosen, deck = random.Random(seed), list[str]()  # noqa: S311
    while len(deck) < faults:
        names = sorted(among or FAULTS)
        chosen.shuffle(names)
        deck += names
    return deck[:faults]


def run(home: Path, seed: int, faults: Sequence[str], say: Callable[[str], None] = print, size: int = 200) -> Outcome:
    """Does these faults to a product in `home`, and settles the account."""
    traffic, ledger = Traffic(seed, size), home / "ledger.jsonl"
    with Stack(home / "instance", Options(partitions=2, durable=True)) as stack:
        target = Target(stack, traffic, random.Random(seed), partitions=2)  # noqa: S311
        recoveries = []
        with Client(stack.url("collector"), stack.write_key, traffic, ledger) as client:
            _recovered(stack, client)
            for name in faults:
                begun = time.monotonic()
                FAULTS[name](target)
                took = _recovered(stack, client)
                recoveries.append((name, took))
                say(f"seed {seed}: {name}, {time.monotonic() - begun - took:.1f} s, ready again after {took:.1f} s")
        drain(stack)
        return settle(stack, target, client, ledger, seed, recoveries)


def settle(
    stack: Stack, target: Target, client: Client, ledger: Path, seed: int, recoveries: list[tuple[str, float]]
) -> Outcome:
    """The audit's word, and beside it our own: what was answered 200 against what the database holds, by number."""
    report = audit(stack.kafka, stack.database, ledger)
    acked = len(set(ledger.read_text().splitlines()))
    off = int(_one(stack, _COUNTED)) + int(_one(stack, _WAITING)) - acked - target.imported
    assert not client.refused, client.refused[:3]
    return Outcome(
        seed=seed,
        acked=acked,
        imported=target.imported,
        again=target.traffic.sent_again,
        lost=max(report.lost + (report.missing_from_topics or 0), -off),
        doubled=max(report.doubled, off),
        quarantined=int(_one(stack, _POISON)),
        poison=target.poison,
        report=report,
        recoveries=recoveries,
    )


def drain(stack: Stack) -> None:
    """Waits until the fold has read all that was on the topics, and strays are at home."""
    ends = _ends(stack)
    _until(lambda: _reached(stack, ends) and not _one(stack, _STRAYS), "the fold does not reach the end of the topics")


def _recovered(stack: Stack, client: Client) -> float:
    """Seconds from now until a batch that was sent after now is answered 200, and windows grow after that."""
    begun, answered = time.monotonic(), client.answered
    counted: list[int] = []

    def ready() -> bool:
        if client.answered < answered + 2:  # the first may have been on its way already
            return False
        counted.append(int(_one(stack, _COUNTED)))
        return counted[-1] > counted[0]

    _until(ready, "the product is not ready again")
    return time.monotonic() - begun


def _until(ask: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with suppress(psycopg2.Error):
            if ask():
                return
        time.sleep(0.1)
    raise AssertionError(f"{otherwise} after {PATIENCE:.0f} s")


def _ends(stack: Stack) -> dict[tuple[int, int], int]:
    consumer = KafkaConsumer(bootstrap_servers=stack.kafka)
    try:
        every = [TopicPartition(t, p) for t in (EVENTS, HISTORY) for p in consumer.partitions_for_topic(t) or ()]
        return {(TOPIC_CODES[tp.topic], tp.partition): end for tp, end in consumer.end_offsets(every).items()}
    finally:
        consumer.close()


def _reached(stack: Stack, ends: dict[tuple[int, int], int]) -> bool:
    rows = _rows(stack, "SELECT topic, partition, next_offset FROM offsets")
    stored = {(topic, partition): offset for topic, partition, offset in rows}
    return all(stored.get(key, 0) >= end for key, end in ends.items())


def _one(stack: Stack, statement: str) -> Any:
    return _rows(stack, statement)[0][0]


def _rows(stack: Stack, statement: str) -> list[tuple[Any, ...]]:
    connection = psycopg2.connect(stack.database, connect_timeout=3, options="-c statement_timeout=20000")
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()
    finally:
        connection.close()

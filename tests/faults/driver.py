"""One run: a product of its own, a client that keeps a ledger, faults one after the other, and then the account.

What is done to it follows from the seed alone, so a run can be had again; only the machine's own timing differs.
"""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import psycopg2
from kafka import KafkaConsumer, TopicPartition

from deploy.local.auditing.audit import Report, audit
from deploy.local.probes import is_ready
from deploy.local.stack import Options, Stack
from schemas.clock import Clock
from schemas.topics import EVENTS, HISTORY, REJECTED, TOPIC_CODES
from tests.faults import books
from tests.faults.asking import ask
from tests.faults.client import Client, Traffic
from tests.faults.faults import FAULTS, OF_SMALL_DISKS, OF_THREE, Target
from tests.faults.laws import Step, broken
from tests.faults.people import People

_HEARTBEATS = "SELECT count(*), min(heartbeat_at) FROM offsets WHERE topic = 0"
_STRAYS = "SELECT count(*) FROM strays"
_STEPS = "SELECT episode, sequence, told, reason FROM transitions WHERE workspace = {}"
_UNSENT = "SELECT 1 FROM outbox WHERE workspace = {} AND state <> 'delivered' AND endpoint NOT LIKE 'ep_topic%' LIMIT 1"
_HURRY = "UPDATE outbox SET next_attempt_at = now() WHERE workspace = {} AND next_attempt_at > now() RETURNING 1"
_STORED = (
    "SELECT topic, partition, next_offset FROM offsets UNION ALL "
    "SELECT topic, partition, max(record_offset) + 1 FROM rejected WHERE stage = 'ingest' GROUP BY topic, partition"
)
PATIENCE = 120.0


@dataclass
class Outcome:
    """What a run came to.

    `acked` ids are in the ledger; `recoveries` are seconds, by fault, in the order they were; `stuck` says what never
    came to its end; `places` are our own books where they don't balance, `report` is the audit's word. `messages`
    were heard about alerts, `breaches` are laws of an alert's life that did not hold.
    """

    seed: int
    acked: int
    imported: int
    again: int
    quarantined: int
    poison: int
    places: dict[str, books.Discrepancy]
    report: Report
    stuck: str = ""
    recoveries: list[tuple[str, float]] = field(default_factory=list)
    messages: int = 0
    breaches: list[str] = field(default_factory=list)

    @property
    def lost(self) -> int:
        """Ids that are missing, by whichever of the two finds more."""
        audited = self.report.lost + (self.report.missing_from_topics or 0)
        return max([audited, *(place.lost for place in self.places.values())])

    @property
    def doubled(self) -> int:
        """Ids that are there too often, likewise."""
        return max([self.report.doubled, *(place.doubled for place in self.places.values())])

    @property
    def ok(self) -> bool:
        settled = self.report.ok and not self.places and not self.stuck
        return settled and not self.breaches and self.quarantined == self.poison


def plan(seed: int, faults: int, among: Sequence[str] = (), brokers: int = 1) -> list[str]:
    """The faults of a run: each once in a shuffled order, before any comes again.

    >>> plan(1, 3) == plan(1, 3)
    True
    """
    chosen, deck = random.Random(seed), list[str]()  # noqa: S311
    while len(deck) < faults:
        names = sorted(among or FAULTS.keys() - OF_SMALL_DISKS - (OF_THREE if brokers < 3 else set()))
        chosen.shuffle(names)
        deck += names
    return deck[:faults]


def run(
    home: Path,
    seed: int,
    faults: Sequence[str],
    say: Callable[[str], None] = print,
    size: int = 200,
    brokers: int = 1,
) -> Outcome:
    """Does these faults to a product in `home`, and settles the account."""
    with product(home, seed, size, brokers) as target:
        return break_and_settle(target, seed, faults, say)


@contextmanager
def product(home: Path, seed: int, size: int = 200, brokers: int = 1) -> Iterator[Target]:
    """A product of its own in `home`, and traffic for it. What lies on small disks there stays on them."""
    with Stack(home / "instance", Options(partitions=2, brokers=brokers)) as stack:
        yield Target(stack, Traffic(seed, size), random.Random(seed), 2, home / "ledger.jsonl")  # noqa: S311


def break_and_settle(
    target: Target,
    seed: int,
    faults: Sequence[str],
    say: Callable[[str], None] = print,
    patience: float = PATIENCE,
) -> Outcome:
    """Does these faults to a running product while a client sends, and settles the account."""
    stack, recoveries = target.stack, []
    with target.receiver, People(stack, seed, target.receiver) as people:
        with Client(stack.url("collector"), stack.write_key, target.traffic, target.ledger) as client:
            target.answered = lambda: client.answered
            _recovered(target, client)
            for name in faults:
                begun = time.monotonic()
                FAULTS[name](target)
                took = _recovered(target, client)
                recoveries.append((name, took))
                say(f"seed {seed}: {name}, {time.monotonic() - begun - took:.1f} s, ready again after {took:.1f} s")
        people.rest()
        stuck = drain(stack, patience) or _heard(target, people.workspace, patience)
        steps = [Step(*row) for row in ask(stack, _STEPS.format(people.workspace))]
    return replace(
        settle(target, seed, recoveries, stuck),
        messages=len({one.webhook_id for one in target.receiver.got}),
        breaches=broken(steps, target.receiver.got, people.done),
    )


def settle(target: Target, seed: int, recoveries: Sequence[tuple[str, float]] = (), stuck: str = "") -> Outcome:
    """The audit's word, and beside it our own books: what was answered 200 against what the database holds, by id."""
    rows = partial(ask, target.stack)
    said = books.read(target.ledger)
    places = {name: found for name, found in books.compare(said, target.imported, rows) if found.lost or found.doubled}
    return Outcome(
        seed=seed,
        acked=len(said.ids) + len(said.refused),
        imported=target.imported.total(),
        again=target.traffic.sent_again,
        quarantined=books.quarantined(rows),
        poison=target.poison,
        places=places,
        report=audit(target.stack.kafka, target.stack.database, target.ledger),
        stuck=stuck,
        recoveries=list(recoveries),
    )


def drain(stack: Stack, patience: float = PATIENCE) -> str:
    """Waits until all that was on the topics is stored, and strays are at home; says what never came to that."""
    ends = _ends(stack)
    done = _within(patience, lambda: not _behind(stack, ends) and not ask(stack, _STRAYS)[0][0])
    return "" if done else f"after {patience:.0f} s there is still something to store: {_behind(stack, ends)}"


def _heard(target: Target, workspace: int, patience: float) -> str:
    """Waits until every message came, as if the hours had passed that a receiver is given after a failure."""

    def sent() -> bool:
        ask(target.stack, _HURRY.format(workspace))
        return not ask(target.stack, _UNSENT.format(workspace))

    return "" if _within(patience, sent) else f"after {patience:.0f} s there are still messages to send"


def _recovered(target: Target, client: Client) -> float:
    """Seconds from now until all is well again.

    That is: a batch sent after now is answered 200, of every partition a heartbeat sent after now is folded, and every
    part says that it is ready, the API too.
    """
    begun, now, answered = time.monotonic(), Clock().datetime(), client.answered

    def ready() -> bool:
        client.check()
        if client.answered < answered + 2:  # the first may have been on its way already
            return False
        partitions, slowest = ask(target.stack, _HEARTBEATS)[0]
        beats = partitions >= target.partitions and slowest is not None and slowest > now
        return beats and all(is_ready(p.part.probe) for p in _parts(target.stack) if p.part.probe)

    assert _within(PATIENCE, ready), f"the product is not ready again after {PATIENCE:.0f} s"
    return time.monotonic() - begun


def _parts(stack: Stack) -> list[Any]:
    return list(stack.supervisor.processes.values())


def _within(patience: float, holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        with suppress(psycopg2.Error):
            if holds():
                return True
        time.sleep(0.1)
    return False


def _ends(stack: Stack) -> dict[tuple[int, int], int]:
    consumer = KafkaConsumer(bootstrap_servers=stack.kafka.split(","))
    try:
        names = EVENTS, HISTORY, REJECTED
        every = [TopicPartition(t, p) for t in names for p in consumer.partitions_for_topic(t) or ()]
        return {(TOPIC_CODES[tp.topic], tp.partition): end for tp, end in consumer.end_offsets(every).items()}
    finally:
        consumer.close()


def _behind(stack: Stack, ends: dict[tuple[int, int], int]) -> dict[tuple[int, int], tuple[int, int]]:
    """By (topic number, partition) what is stored, and what should be, where that is less."""
    stored = {(topic, partition): offset for topic, partition, offset in ask(stack, _STORED)}
    return {key: (stored.get(key, 0), end) for key, end in ends.items() if stored.get(key, 0) < end}

"""Runs with a bug that was planted: each must be caught, by our own books or by the audit, and none without one."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kafka.admin import KafkaAdminClient

from deploy.local.kafka import Kafka
from deploy.local.stack import Options, Stack
from schemas.topics import TOPICS
from tests.conftest import Databases, database_server, home
from tests.faults.client import Traffic
from tests.faults.driver import Outcome, break_and_settle
from tests.faults.faults import Target

WHERE = Path(__file__).parent / "planting"
_STUCK = 15.0

# The bugs, and what has to happen for them to show. The first ones are no bugs: the same moments without one.
CONTROLS = {"none": ("kill_worker", "poison", "days_late"), "harmless_deaths": (), "harmless_zombie": ()}
BUGS: dict[str, tuple[str, ...]] = {
    "offset_first": (),
    "offset_apart": (),
    "no_fence": (),
    "no_dedupe": (),
    "forgotten_at_restart": ("kill_worker",),
    "batch_swallowed": (),
    "hash_sum_wrong": (),
    "window_off_by_one": (),
    "wrong_account": (),
    "behavior_missed": (),
    "late_dropped": ("days_late",),
    "waiting_dropped": (),
    "rejected_not_stored": (),
    "unreadable_dropped": ("poison",),
    "partition_skipped": ("kill_worker",),
    "strays_dropped": ("add_partitions",),
    "answered_too_early": ("kill_collector",),
    "event_dropped": (),
}


class Field:
    """One Kafka and one database server on which run after run starts anew, since servers take long to start."""

    def __init__(self, kafka: str, databases: Databases) -> None:
        self._kafka, self._databases = kafka, databases

    def run(self, bug: str, faults: tuple[str, ...], seed: int = 1) -> Outcome:
        """A run with this bug in every process of the product."""
        self._clear()
        planted = {"PYTHONPATH": str(WHERE), "EBBTIDE_PLANTED": bug}
        with home() as folder, self._databases.copy() as url:
            options = Options(kafka=self._kafka, database_url=url, partitions=2)
            with Stack(folder / "instance", options, planted) as stack:
                target = Target(stack, Traffic(seed, 100), random.Random(seed), 2, folder / "ledger.jsonl")  # noqa: S311
                quietly = lambda _: None  # noqa: E731
                return break_and_settle(target, seed, faults, quietly, patience=_STUCK)

    def _clear(self) -> None:
        client = KafkaAdminClient(bootstrap_servers=self._kafka)
        try:
            client.delete_topics([topic.name for topic in TOPICS if topic.name in client.list_topics()])
        finally:
            client.close()


@contextmanager
def field() -> Iterator[Field]:
    """The two servers, while the context lasts."""
    with home() as folder, Kafka(folder) as kafka, database_server() as databases:
        yield Field(kafka.bootstrap, databases)


def said(outcome: Outcome) -> tuple[str, str]:
    """What our own books say is wrong, and what the audit does."""
    books = ", ".join(f"{where} -{found.lost} +{found.doubled}" for where, found in outcome.places.items())
    if outcome.quarantined != outcome.poison:
        books = f"{books} quarantined {outcome.quarantined} of {outcome.poison}".strip()
    report = outcome.report
    audited = "" if report.ok else f"-{report.lost} +{report.doubled} missing {report.missing_from_topics}"
    return f"{'stuck ' if outcome.stuck else ''}{books}" or "-", audited or "-"

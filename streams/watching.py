"""Lag, readiness, and the watchdog: a worker that does not get on ends itself, so that another is started.

Faust's consumers can stop in silence: nothing is fetched any more, or the assignment is gone, and no error says so.
What a worker itself has fetched can't tell. So Kafka is asked apart where the topics end, and the database how far they
are folded; heartbeats, one a second and partition, make any partition that stands still fall behind.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Mapping

import faust
import structlog
from faust.exceptions import ConsumerNotStarted
from faust.types import TP

from schemas.database.partitions import next_offsets
from schemas.database.sessions import Database
from schemas.errors import UnavailableError
from streams import metrics
from streams.ends import Ends
from streams.leaving import leave
from streams.standing import Key, Standing
from streams.worker import Worker

_EVERY = 2.0
_SET_BACK = 4.0  # seconds after which a partition that stands elsewhere than we know is read from there
_WORRYING = 10.0  # seconds without progress, from which on a worker does not call itself ready
_log = structlog.get_logger()


def assignment(app: faust.App) -> set[TP]:
    """The partitions this worker owns now."""
    try:
        return set(app.consumer.assignment())
    except (ConsumerNotStarted, AttributeError):
        return set()


class Watch:
    """What a worker knows of its own getting on."""

    def __init__(self, worker: Worker, owned: Callable[[], set[TP]]) -> None:
        self._worker, self._owned = worker, owned
        self._ends = Ends(worker.settings.kafka_access, worker.folded_topics)
        self._standing = Standing()
        self._shown: set[Key] = set()
        self._turned_at = time.monotonic()
        self.worst = 0.0

    async def run(self) -> None:
        """Measures every two seconds, publishes the lag, and ends the worker where its patience is spent."""
        threading.Thread(target=self._watch_the_loop, name="watch", daemon=True).start()
        turning = asyncio.create_task(self._turn())
        try:
            await self._measure()
        finally:
            turning.cancel()

    async def _turn(self) -> None:
        while True:
            self._turned_at = time.monotonic()
            await asyncio.sleep(_EVERY)

    async def _measure(self) -> None:
        while True:
            await asyncio.sleep(_EVERY)
            try:
                ends = await asyncio.to_thread(self._ends.ask)
                folded = await asyncio.to_thread(_folded, self._worker.database)
            except UnavailableError as error:
                _log.warning("watch.later", reason=str(error))
                self._standing.forget()
                self.worst = 0.0
                continue
            await self._judge(ends, folded)

    async def _judge(self, ends: Mapping[Key, int], folded: Mapping[Key, int]) -> None:
        topics, runner = self._worker.folded_topics, self._worker.runner
        mine = {(topics[tp.topic], tp.partition) for tp in self._owned() if tp.topic in topics}
        self._publish({key: max(0, end - folded.get(key, 0)) for key, end in ends.items() if key in mine})
        standing = self._standing.note(ends, folded, time.monotonic())
        # Who owns nothing would not know whether that is meant so: it joins anew, which costs nobody anything.
        ours = {key: seconds for key, seconds in standing.items() if key in mine or not mine}
        self.worst = max(ours.values(), default=0.0)
        await self._read_again({key for key, seconds in ours.items() if seconds >= _SET_BACK}, folded)
        busy = runner.size and time.monotonic() - runner.progress_at < self._worker.settings.patience
        if self.worst > self._worker.settings.patience and not busy:
            key = max(ours, key=ours.__getitem__)
            behind = ends[key] - folded.get(key, 0)
            leave(f"{behind} records wait in partition {key[1]} of topic {key[0]}, still for {self.worst:.0f} s")

    async def _read_again(self, still: set[Key], folded: Mapping[Key, int]) -> None:
        """Goes to where somebody has set partitions meanwhile; where nothing new comes, no fence would tell us."""
        runner = self._worker.runner
        moved = {key for key in still & runner.partitions if runner.reached(key) != folded.get(key, 0)}
        if moved:
            _log.warning("watch.again", partitions=sorted(moved), reason="their offsets were changed in the database")
            await runner.reseek(moved)

    def _publish(self, lag: Mapping[Key, int]) -> None:
        names = {number: name for name, number in self._worker.folded_topics.items()}
        for topic, partition in self._shown - lag.keys():
            metrics.LAG.remove(names[topic], str(partition))
        for (topic, partition), records in lag.items():
            metrics.LAG.labels(names[topic], str(partition)).set(records)
        self._shown = set(lag)

    def _watch_the_loop(self) -> None:
        """The one thing that the loop can't do itself."""
        while True:
            time.sleep(_EVERY)
            idle = time.monotonic() - self._turned_at
            if idle > self._worker.settings.patience:
                leave(f"the event loop has not turned for {idle:.0f} s")

    def missing(self, app: faust.App) -> str:
        """What keeps the worker from being ready, or an empty string. It asks nobody, so it never waits."""
        pulse = self._worker.database.pulse
        if app.rebalancing or not self._worker.runner.begun:
            return "partitions are being assigned"
        if pulse.silence > _WORRYING / 2:
            return f"the database has not answered for {pulse.silence:.0f} s"
        if self.worst > _WORRYING:
            return f"records wait, and nothing of them was folded for {self.worst:.0f} s"
        return ""


def _folded(database: Database) -> dict[Key, int]:
    with database.reading() as connection:
        return next_offsets(connection)

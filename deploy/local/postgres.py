"""A PostgreSQL of its own on this machine, with TimescaleDB where it can be had.

>>> Postgres.__name__  # with Postgres(Path("/tmp/p")) as postgres: connect(postgres.url)
'Postgres'
"""

import secrets
import subprocess
from functools import partial
from pathlib import Path
from signal import Signals

import psutil

from deploy.local.errors import LocalError
from deploy.local.instance import Instance
from deploy.local.parts import Part
from deploy.local.ports import HOST, Ports
from deploy.local.privileges import REFUSED, Servant
from deploy.local.timescaledb import Server, choose

NAME = "ebbtide"
_HINT = (
    "PostgreSQL needs room on the disk and shared memory. If its data was damaged, start with another --data folder; "
    "to use a database of your own, set EBBTIDE_DATABASE_URL."
)


class Postgres(Instance):
    """A database server of its own, while the context lasts; its data stays in `home`.

    `durable` false turns fsync off: for tests. `plain` asks for the embedded wheel without TimescaleDB.
    """

    def __init__(self, home: Path, *, port: int = 5432, durable: bool = True, plain: bool = False) -> None:
        super().__init__(home)
        self._port = port
        self._durable = durable
        self._plain = plain
        self.url = ""
        self.timescaledb = False

    def launch(self) -> None:
        """Starts the server."""
        self.url, self.timescaledb, part = part_of(
            self.home, self.ports, usual=self._port, durable=self._durable, plain=self._plain
        )
        self.supervisor.start(part)


def part_of(
    home: Path, ports: Ports, *, usual: int = 5432, durable: bool = True, plain: bool = False
) -> tuple[str, bool, Part]:
    """The database's address, whether it has TimescaleDB, and the part that serves it."""
    made_by = home / "postgres" / "server.json"
    server = Server.load(made_by) if made_by.exists() else choose(plain=plain)
    password, port = _password(home), ports.take("database", usual)
    data, servant = home / "postgres" / "data", Servant()
    servant.own(data.parent)
    run = [server.program("postgres"), "-D", str(data), *_options(port, durable, server.timescaledb)]
    part = Part(
        name="database",
        command=servant.command(run, data, Path(run[0])),
        probe=f"postgresql://{HOST}:{port}",
        before=partial(_prepare, home, server, servant, password),
        stop_signal=Signals.SIGINT,
        grace=30,
        hint=_HINT,
    )
    return f"postgresql://{NAME}:{password}@{HOST}:{port}/{NAME}", server.timescaledb, part


def _options(port: int, durable: bool, timescaledb: bool) -> list[str]:
    options = {
        "listen_addresses": HOST,
        "port": port,
        "unix_socket_directories": "",
        "max_connections": 100,
        "shared_buffers": f"{_buffers()}MB",
        "max_wal_size": "1GB",
        "wal_level": "minimal",
        "max_wal_senders": 0,
        "log_timezone": "UTC",
        # Its log names no values: neither the statement that failed nor the DETAIL of the row that was in the way.
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
        "timezone": "UTC",
    }
    if timescaledb:
        workers = {"max_background_workers": 2 if durable else 0, "telemetry_level": "off"}
        options |= {"shared_preload_libraries": "timescaledb"} | {f"timescaledb.{k}": v for k, v in workers.items()}
    if not durable:
        options |= dict.fromkeys(("fsync", "synchronous_commit", "full_page_writes"), "off")
    return [part for name, value in options.items() for part in ("-c", f"{name}={value}")]


def _buffers() -> int:
    """A quarter of the machine's memory, as Postgres recommends, but no more than a GB; in MB."""
    return min(max(psutil.virtual_memory().total // (4 << 20), 128), 1024)


def _password(home: Path) -> str:
    file = home / "postgres-password"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(24))
    return file.read_text()


def _prepare(home: Path, server: Server, servant: Servant, password: str) -> None:
    folder, data = home / "postgres", home / "postgres" / "data"
    if not (folder / "server.json").exists():
        _initialize(folder, data, server, servant, password)
    _forget_dead_postmaster(data / "postmaster.pid")


def _initialize(folder: Path, data: Path, server: Server, servant: Servant, password: str) -> None:
    secret = folder / "password"
    secret.touch(mode=0o600)
    secret.write_text(password)
    servant.hand(secret)
    try:
        identity = ["-U", NAME, f"--pwfile={secret}", "--auth=scram-sha-256"]
        make = ["initdb", "-D", str(data), *identity, "-E", "UTF8", "--locale=C", "--no-sync"]
        _run(server, servant, make, data)
    finally:
        secret.unlink()
    single = ["postgres", "--single", "-D", str(data), "-c", "log_min_messages=error", "postgres"]
    _run(server, servant, single, data, statement=f"CREATE DATABASE {NAME}\n")
    server.save(folder / "server.json")


def _run(server: Server, servant: Servant, command: list[str], data: Path, statement: str = "") -> None:
    program = server.program(command[0])
    full = servant.command([program, *command[1:]], data, Path(program))
    done = subprocess.run(full, input=statement, capture_output=True, text=True, check=False, cwd="/")  # noqa: S603
    if done.returncode:
        why = REFUSED if "setpriv:" in done.stderr else (done.stderr or done.stdout).strip()[-800:]
        raise LocalError(f"The database could not be set up with {command[0]}: {why}")


def _forget_dead_postmaster(file: Path) -> None:
    """Removes the lock of a server that is gone and whose pid now belongs to some other program."""
    if not file.exists():
        return
    try:
        name = psutil.Process(int(file.read_text().split()[0])).name()
    except (psutil.NoSuchProcess, ValueError, IndexError):
        name = ""
    if not name.startswith("postgres"):
        file.unlink()

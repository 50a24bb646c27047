"""Where the parts of a running instance are, read from its folder: what `import`, `key` and `audit` use."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from deploy.local import postgres
from deploy.local.errors import RunningError
from deploy.local.processes import records
from deploy.settings import LocalSettings


class Addresses(msgspec.Struct, frozen=True):
    """A running instance's services and keys; an empty string for what does not run."""

    collector: str
    api: str
    kafka: str
    database: str
    write_key: str
    api_key: str


def addresses_of(data: Path | None) -> Addresses:
    """The addresses of the instance in `data` (as `ebbtide up` chooses it). Raises RunningError where none runs."""
    settings = LocalSettings.load()
    home = (data or settings.data).absolute()
    running = {name: record for name, record in records(home) if record["alive"] and record.get("probe")}
    if not running:
        raise RunningError(
            f"Nothing runs in {home}. `ebbtide up --data {home}` starts it; --data names another folder."
        )
    brokers = [_place(record) for name, record in sorted(running.items()) if name.startswith("kafka")]
    return Addresses(
        collector=_service(running, "collector"),
        api=_service(running, "api"),
        kafka=",".join(brokers) or settings.kafka,
        database=_database(home, running, settings),
        **_keys(home),
    )


def _service(running: dict[str, Any], name: str) -> str:
    return f"http://{_place(running[name])}" if name in running else ""


def _place(record: dict[str, Any]) -> str:
    return urlsplit(str(record["probe"])).netloc


def _database(home: Path, running: dict[str, Any], settings: LocalSettings) -> str:
    if "database" not in running:
        return settings.own_database or ""
    password = (home / "postgres-password").read_text()
    return f"postgresql://{postgres.NAME}:{password}@{_place(running['database'])}/{postgres.NAME}"


def _keys(home: Path) -> dict[str, str]:
    keys: dict[str, str] = json.loads((home / "keys.json").read_text())
    return {name: keys[name] for name in ("write_key", "api_key")}

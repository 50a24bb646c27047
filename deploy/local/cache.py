"""Where fetched and built things are kept: the jars of Kafka, the build of TimescaleDB.

`EBBTIDE_CACHE`, else `.cache` in the checkout, else `~/.cache/ebbtide`: the first that has a thing is read, the first
that can be written is written. A thing appears under its name only when it is complete, so that an interrupted setup,
or one that runs beside another, leaves nothing half done.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local.errors import MissingError

CHECKOUT = Path(__file__).resolve().parents[2]


def folders() -> list[Path]:
    """The cache folders, the preferred one first."""
    if chosen := os.environ.get("EBBTIDE_CACHE"):
        return [Path(chosen).absolute()]
    return [CHECKOUT / ".cache", Path.home() / ".cache" / "ebbtide"]


def find(name: str) -> Path | None:
    """The cached thing of that name, if it is there."""
    return next((folder / name for folder in folders() if (folder / name).exists()), None)


@contextmanager
def filling(name: str) -> Iterator[Path]:
    """A temporary path to make the thing at; it takes its name when the block ends well."""
    folder = _writable()
    with tempfile.TemporaryDirectory(prefix=".making-", dir=folder) as temporary:
        making = Path(temporary) / name
        yield making
        making.chmod(making.stat().st_mode | 0o444 | (0o111 if making.is_dir() else 0))
        _publish(making, folder / name)


def _writable() -> Path:
    for folder in folders():
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return folder
    raise MissingError(f"None of {', '.join(map(str, folders()))} can be written. Name another with EBBTIDE_CACHE.")


def _publish(made: Path, target: Path) -> None:
    try:
        made.rename(target)
    except OSError:
        if not target.exists():  # else a parallel setup was faster, and its result is as good
            raise
        if made.is_dir():
            shutil.rmtree(made)

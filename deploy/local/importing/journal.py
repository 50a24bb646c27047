"""How far an import is, kept in a file, so that an interrupted one goes on where it stopped."""

import os
from pathlib import Path

import msgspec

from deploy.local.importing.collector import Refused

_SHOWN = 1000


class Progress(msgspec.Struct):
    """Everything up to `line` of the file is answered; `rejected` keeps the first thousand of `refused` rows."""

    line: int = 0
    accepted: int = 0
    refused: int = 0
    rejected: list[Refused] = []


class Journal:
    """One import's progress on disk; gone when the import is over, so that importing again sends all again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.progress = Progress()
        if path.exists():
            self.progress = msgspec.json.decode(path.read_bytes(), type=Progress)

    def advance(self, line: int, accepted: int, rejected: list[Refused]) -> None:
        """Notes that everything up to `line` is answered, in one step, so that no crash leaves half a note."""
        progress = self.progress
        progress.line, progress.accepted = line, progress.accepted + accepted
        progress.refused += len(rejected)
        progress.rejected = [*progress.rejected, *rejected][:_SHOWN]
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_suffix(".draft")
        draft.write_bytes(msgspec.json.encode(progress))
        draft.replace(self._path)

    def finish(self) -> None:
        """Forgets it all."""
        self._path.unlink(missing_ok=True)


def state_folder(data: Path | None) -> Path:
    """Where progress is kept: in the instance's folder, else where the system keeps a user's state."""
    if data is not None:
        return data / "imports"
    home = os.environ.get("XDG_STATE_HOME")
    return (Path(home) if home else Path.home() / ".local" / "state") / "ebbtide" / "imports"

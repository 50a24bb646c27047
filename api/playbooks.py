"""The playbooks, kept current: the file is looked at when an alert is shown, and a wrong one changes nothing."""

from collections.abc import Mapping
from pathlib import Path

import structlog

from schemas.errors import DefinitionError
from schemas.playbooks import Playbook, built_in, parse

_log = structlog.get_logger(__name__)


class PlaybooksFile:
    """What is built in, and what a file says of some kinds instead."""

    def __init__(self, path: Path) -> None:
        self._path, self._stamp, self._books = path, 0, built_in()

    def current(self) -> Mapping[str, Playbook]:
        """The playbooks by kind."""
        stamp = self._path.stat().st_mtime_ns if self._path.is_file() else 0
        if stamp != self._stamp:
            self._stamp = stamp
            self._read(there=stamp != 0)
        return self._books

    def _read(self, *, there: bool) -> None:
        try:
            own = parse(self._path.read_text(encoding="utf-8"), str(self._path)) if there else {}
        except (DefinitionError, OSError, UnicodeDecodeError) as error:
            _log.error("playbooks.wrong", reason=str(error), kept="the playbooks before it")
            return
        self._books = built_in() | own

"""The rules, kept current: the file is looked at before each evaluation, and a wrong one changes nothing."""

from pathlib import Path

import structlog

from schemas.errors import DefinitionError
from schemas.rules import BUILT_IN, Rules, parse

_log = structlog.get_logger()


class RulesFile:
    """The rules that a file declares; what is built in where there is none."""

    def __init__(self, path: Path) -> None:
        self._path, self._stamp, self._rules = path, 0, BUILT_IN

    def current(self) -> Rules:
        """The rules as the file says them now, or as it said them before it went wrong."""
        stamp = self._path.stat().st_mtime_ns if self._path.is_file() else 0
        if stamp != self._stamp:
            self._stamp = stamp
            self._read(there=stamp != 0)
        return self._rules

    def _read(self, *, there: bool) -> None:
        try:
            rules = parse(self._path.read_text(), str(self._path)) if there else BUILT_IN
        except (DefinitionError, OSError, UnicodeDecodeError) as error:
            _log.error("rules.wrong", reason=str(error), kept=f"the rules before it ({self._rules.name})")
            return
        if rules != self._rules:
            _log.info("rules.changed", rules=rules.name, before=self._rules.name)
        self._rules = rules

"""What can go wrong when Ebbtide is run on this machine, each with the exit code of its command.

LocalError                  the root of these (itself an EbbtideError)                             1
├── PartFailedError         a part did not start: which, its last log lines, and how to mend it    1
├── MissingError            something needed is neither here nor can be fetched                    1
└── RunningError            the instance is running already, or is not running                     3
"""

from pathlib import Path

from schemas.errors import EbbtideError


class LocalError(EbbtideError):
    """Something on this machine stands in the way; the text says what and how to mend it."""

    exit_code = 1


class PartFailedError(LocalError):
    """A part did not start."""

    def __init__(self, name: str, why: str, log: Path, tail: str, hint: str) -> None:
        lines = f"Its last log lines ({log}):\n{tail}\n" if tail else f"Its log ({log}) is empty.\n"
        super().__init__(f"{name} did not start: {why}.\n{lines}{hint}".rstrip())
        self.name = name


class MissingError(LocalError):
    """Something needed is neither here nor can be fetched."""


class RunningError(LocalError):
    """The instance is running already, or is not running where it should."""

    exit_code = 3

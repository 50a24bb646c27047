"""What can go wrong with an import, beyond single rows.

LocalError
├── FileError               the file can't be read as events                                       2
└── RefusedError            the collector refuses the import altogether: what was kept, and why    1
"""

from deploy.local.errors import LocalError


class FileError(LocalError):
    """The file can't be read as events; nothing was sent."""

    exit_code = 2


class RefusedError(LocalError):
    """The collector does not take the import; what it took before stays, and the import can be resumed."""

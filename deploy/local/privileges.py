"""Who runs a program, and how it ends with the one that started it.

PostgreSQL refuses to run as root, so root starts it as `postgres` or `nobody`. The instance's folder may lie where that
user can't go (a `mktemp -d`, a folder below /root): `setpriv` then lends it the right to pass through and to read.
"""

import os
import pwd
import shutil
import stat
import sys
from pathlib import Path

from deploy.local.errors import LocalError


def bound(command: list[str], signal: str = "KILL") -> list[str]:
    """The command so that the kernel sends it `signal` when the thread that started it ends, however that happens."""
    if sys.platform == "linux" and shutil.which("setpriv"):
        return ["setpriv", "--pdeathsig", signal, "--", *command]
    return command


class Servant:
    """The ordinary user that runs a server for us: ourselves, or `postgres` or `nobody` when we are root."""

    def __init__(self) -> None:
        self.user: pwd.struct_passwd | None = None if os.geteuid() else _ordinary_user()

    def own(self, folder: Path) -> None:
        """Makes the folder the servant's own, private, and opens the way to it where the way is ours."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.user:
            if folder.stat().st_uid != self.user.pw_uid:
                _give(folder, self.user)
            if folder.parent.stat().st_uid == os.geteuid():
                folder.parent.chmod(stat.S_IMODE(folder.parent.stat().st_mode) | 0o011)

    def hand(self, path: Path) -> None:
        """Gives the servant one file."""
        if self.user:
            os.chown(path, self.user.pw_uid, self.user.pw_gid)

    def command(self, command: list[str], *paths: Path, signal: str = "INT") -> list[str]:
        """The command run by the servant, who has to reach `paths`; it ends with the thread that started it."""
        if not self.user:
            return bound(command, signal)
        if not shutil.which("setpriv"):
            raise LocalError(
                "PostgreSQL does not run as root, and `setpriv` (package util-linux) is not here to change the user. "
                "Install util-linux, run as an ordinary user, or give a database with EBBTIDE_DATABASE_URL."
            )
        reach = [] if all(map(self._reaches, paths)) else _REACH
        identity = [f"--reuid={self.user.pw_uid}", f"--regid={self.user.pw_gid}", "--clear-groups"]
        return ["setpriv", *identity, *reach, "--pdeathsig", signal, "--", *command]

    def _reaches(self, path: Path) -> bool:
        return all(self._passes(parent.stat()) for parent in path.resolve().parents)

    def _passes(self, folder: os.stat_result) -> bool:
        if self.user is None or folder.st_uid == self.user.pw_uid:
            return True
        return bool(folder.st_mode & (stat.S_IXGRP if folder.st_gid == self.user.pw_gid else stat.S_IXOTH))


# Named here, since a refusal must be told from other errors.
_REACH = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
REFUSED = (
    "The system refuses to lend PostgreSQL's user the right to reach a folder below a private one. "
    "Choose a folder everyone may pass to (ebbtide … --data /var/tmp/ebbtide), or run as an ordinary user."
)


def _ordinary_user() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise LocalError("PostgreSQL does not run as root, and there is neither a user `postgres` nor `nobody` here.")


def _give(folder: Path, user: pwd.struct_passwd) -> None:
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)

"""`ebbtide down`: ends the instance of a folder, also one whose supervisor was killed."""

import os
import signal
import time
from pathlib import Path
from typing import Annotated

from typer import Option

from deploy.local.console import say
from deploy.local.errors import LocalError
from deploy.local.processes import end_stale, supervisor_of
from deploy.settings import LocalSettings

_PATIENCE = 90.0


def command(data: Annotated[Path | None, Option(help="The folder of the instance.")] = None) -> None:
    """End the instance of a folder, and whatever an earlier crash left of it.

    Example: ebbtide down --data /var/lib/ebbtide

    Exit codes: 0 nothing of it runs any more, 1 it could not be ended.
    """
    home = (data or LocalSettings.load().data).absolute()
    supervisor = supervisor_of(home)
    if supervisor:
        os.kill(supervisor, signal.SIGTERM)
        _await_end(home)
        say(f"Ended the instance in {home}.")
    elif stale := end_stale(home):
        say(f"Ended {', '.join(stale)}, left by an earlier run.")
    else:
        say(f"Nothing runs in {home}.")


def _await_end(home: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while supervisor_of(home):
        if time.monotonic() > deadline:
            raise LocalError(f"The instance did not end within {_PATIENCE:.0f} s. Its logs are in {home / 'logs'}.")
        time.sleep(0.1)

"""How a worker ends when it can't go on: at once, loudly, and with nothing half done, since the database decides."""

import os
import sys
from typing import NoReturn

import structlog

EXIT_CODE = 70


def leave(why: str, error: BaseException | None = None) -> NoReturn:
    """Logs why and ends the process; whoever supervises it starts another."""
    structlog.get_logger().critical("worker.leaves", reason=why, exc_info=error)
    sys.stderr.flush()
    os._exit(EXIT_CODE)

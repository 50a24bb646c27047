"""Waits for Kafka before Faust begins: Faust gives up at the first refusal, and a new process costs seconds."""

import socket
import time
from collections.abc import Iterable
from contextlib import suppress

_TRY_EVERY = 0.2
_TIMEOUT = 2.0


def await_any(servers: Iterable[str], patience: float) -> bool:
    """Returns once one of the `host:port` takes connections, or after `patience` seconds: whether one did.

    >>> with socket.create_server(("127.0.0.1", 0)) as server:
    ...     await_any([f"127.0.0.1:{server.getsockname()[1]}"], patience=5)
    True
    >>> await_any(["127.0.0.1:1"], patience=0)
    False
    """
    addresses = [(host.strip("[]"), int(port or 9092)) for host, _, port in (one.rpartition(":") for one in servers)]
    deadline = time.monotonic() + patience
    while True:
        for address in addresses:
            with suppress(OSError), socket.create_connection(address, timeout=_TIMEOUT):
                return True
        if time.monotonic() >= deadline:
            return False
        time.sleep(_TRY_EVERY)

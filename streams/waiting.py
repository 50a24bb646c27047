"""Waits for Kafka before Faust begins: Faust gives up at the first refusal, and a new process costs seconds."""

import socket
import time
from collections.abc import Iterable
from contextlib import suppress
from urllib.parse import urlsplit

_PORT = 9092
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
    addresses = [_address(server) for server in servers]
    deadline = time.monotonic() + patience
    while True:
        for address in addresses:
            with suppress(OSError), socket.create_connection(address, timeout=_TIMEOUT):
                return True
        if time.monotonic() >= deadline:
            return False
        time.sleep(_TRY_EVERY)


def _address(server: str) -> tuple[str, int]:
    """Host and port of a server.

    >>> _address("kafka"), _address("[::1]:9093")
    (('kafka', 9092), ('::1', 9093))
    """
    parts = urlsplit(f"//{server}")
    return parts.hostname or "", parts.port or _PORT

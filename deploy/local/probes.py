"""Is a part ready? Asked of its address: http://…/readyz, kafka://host:port?brokers=n, postgresql://host:port."""

import http.client
import logging
import socket
import struct
import sys
from collections.abc import Callable
from urllib.parse import SplitResult, parse_qs, urlsplit

_TIMEOUT = 2.0


def is_ready(address: str) -> bool:
    """Asks once, and takes no longer than a few seconds."""
    url = urlsplit(address)
    try:
        return _PROBES[url.scheme](url)
    except (OSError, http.client.HTTPException):
        return False


def _http(url: SplitResult) -> bool:
    connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=_TIMEOUT)
    try:
        connection.request("GET", url.path or "/")
        return connection.getresponse().status == 200
    finally:
        connection.close()


def _kafka(url: SplitResult) -> bool:
    """The broker answers, and knows of as many brokers as there should be."""
    socket.create_connection((url.hostname, url.port), timeout=_TIMEOUT).close()
    from kafka.admin import KafkaAdminClient  # noqa: PLC0415 - slow to import, and needless until the port is open
    from kafka.errors import KafkaError  # noqa: PLC0415

    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    brokers = int(parse_qs(url.query).get("brokers", ["1"])[0])
    try:
        client = KafkaAdminClient(
            bootstrap_servers=f"{url.hostname}:{url.port}", bootstrap_timeout_ms=3000, request_timeout_ms=3000
        )
        try:
            return len(client.describe_cluster()["brokers"]) >= brokers
        finally:
            client.close()
    except KafkaError:
        return False


def _postgresql(url: SplitResult) -> bool:
    """What pg_isready does: the server asks for a password only once it takes connections."""
    start = struct.pack("!i", 196608) + b"user\0ready\0database\0postgres\0\0"
    with socket.create_connection((url.hostname, url.port or 5432), timeout=_TIMEOUT) as connection:
        connection.sendall(struct.pack("!i", len(start) + 4) + start)
        return connection.recv(1) == b"R"


_PROBES: dict[str, Callable[[SplitResult], bool]] = {"http": _http, "kafka": _kafka, "postgresql": _postgresql}

if __name__ == "__main__":  # a container's health check
    sys.exit(not is_ready(sys.argv[1]))

"""Is a part ready? Asked of its address: http://…/readyz, kafka://host:port?brokers=n, postgresql://host:port."""

import http.client
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
    except (OSError, http.client.HTTPException, struct.error, IndexError):
        return False


def _http(url: SplitResult) -> bool:
    connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=_TIMEOUT)
    try:
        connection.request("GET", url.path or "/")
        return connection.getresponse().status == 200
    finally:
        connection.close()


def _kafka(url: SplitResult) -> bool:
    """The broker answers DescribeCluster (key 60, version 0), and knows of as many brokers as there should be.

    No client of a library: they take long to import, and kafka-python's leaves sockets open where it gets no answer.
    """
    request = struct.pack("!hhih", 60, 0, 1, -1) + bytes(3)  # no client's name, no tags; not what we may do; no tags
    with socket.create_connection((url.hostname, url.port), timeout=_TIMEOUT) as connection:
        connection.sendall(struct.pack("!i", len(request)) + request)
        with connection.makefile("rb") as stream:
            answer = stream.read(*struct.unpack("!i", stream.read(4)))
    return _brokers(answer) >= int(parse_qs(url.query).get("brokers", ["1"])[0])


def _brokers(answer: bytes) -> int:
    """How many brokers are in an answer to DescribeCluster: lengths there are one too high, 0 stands for nothing."""
    error = struct.unpack_from("!h", answer, 9)[0]  # behind correlation, tags and throttle
    at = 11
    for _ in ("error's message", "cluster's id"):
        at += max(answer[at], 1)
    return 0 if error else answer[at + 4] - 1  # behind the controller's id


def _postgresql(url: SplitResult) -> bool:
    """What pg_isready does: the server asks for a password only once it takes connections."""
    start = struct.pack("!i", 196608) + b"user\0ready\0database\0postgres\0\0"
    with socket.create_connection((url.hostname, url.port or 5432), timeout=_TIMEOUT) as connection:
        connection.sendall(struct.pack("!i", len(start) + 4) + start)
        return connection.recv(1) == b"R"


_PROBES: dict[str, Callable[[SplitResult], bool]] = {"http": _http, "kafka": _kafka, "postgresql": _postgresql}

if __name__ == "__main__":  # a container's health check
    sys.exit(not is_ready(sys.argv[1]))

"""Requests to receivers: a name is resolved once, its addresses are judged, and the connection goes to one of them.

TLS is still verified by name. No connection is used twice: every attempt is judged anew, on what the name means then.
A name server that hangs holds one thread of our own pool a name, never one that anything else waits for.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import lru_cache
from ipaddress import ip_address
from typing import NamedTuple

import h11
import httpx

from schemas.addresses import Address, literal, refusal

READ = 4096  # bytes of an answer's body that are kept
READING = 3.0  # seconds they may take: the status has said already what counts

Resolve = Callable[[str, int], Awaitable[list[Address]]]


class ForbiddenError(Exception):
    """The receiver's address is one that nothing may be sent to; nothing was sent, not even a connection opened."""


class Answer(NamedTuple):
    """What a receiver said; the names of `headers` are in lower case, of the body there is the beginning."""

    status: int
    headers: dict[str, str]
    body: bytes


class Resolver:
    """Looks names up, each in a thread of its own pool; who asks for a name that is being looked up joins in."""

    def __init__(self, threads: int = 128) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="resolve")
        self._asked: dict[tuple[str, int], asyncio.Future[list[Address]]] = {}

    async def __call__(self, host: str, port: int) -> list[Address]:
        """Every address of a name, in the order to try them."""
        key = host, port
        if key not in self._asked:
            found = asyncio.get_running_loop().run_in_executor(self._pool, _look_up, host, port)
            self._asked[key] = found
            found.add_done_callback(lambda _: self._asked.pop(key))
        return await asyncio.shield(self._asked[key])

    def close(self) -> None:
        """Waits for no look-up that is under way."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _look_up(host: str, port: int) -> list[Address]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ip_address(entry[4][0]) for entry in found))


class Client:
    """Posts to addresses that are permitted, and to the very ones it judged; it follows no redirect.

    `trusted` stands for the authorities that certificates may be signed by, instead of the public ones.
    """

    def __init__(
        self, allow_private: bool, resolving: Resolve | None = None, trusted: ssl.SSLContext | None = None
    ) -> None:
        self._resolver = Resolver()
        self._allow_private, self._resolve = allow_private, resolving or self._resolver
        self._trusted = trusted or httpx.create_ssl_context(trust_env=False)

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Sends a request, and reads as much of the answer as is kept.

        Raises ForbiddenError where any of the host's addresses is refused, OSError where none can be connected to,
        httpx.InvalidURL for what is no address, h11.RemoteProtocolError for what is no HTTP. It knows no deadline.
        """
        parts = _parsed(url)
        reader, writer = await self._connect(parts)
        try:
            sent = {"host": parts.netloc.decode(), "connection": "close", "content-length": str(len(body)), **headers}
            target = parts.raw_path or b"/"
            request = h11.Request(method=b"POST", target=target, headers=list(sent.items()))
            return await _talk(reader, writer, request, body)
        finally:
            writer.transport.abort()

    def close(self) -> None:
        """Ends what runs in the background."""
        self._resolver.close()

    async def _connect(self, url: httpx.URL) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        port = url.port or (443 if url.scheme == "https" else 80)
        name = url.raw_host.decode()
        tls = {"ssl": self._trusted, "server_hostname": name} if url.scheme == "https" else {}
        *others, last = await self._admitted(url.host, name, port)
        for address in others:
            with suppress(OSError):
                return await asyncio.open_connection(str(address), port, **tls)  # type: ignore[arg-type]
        return await asyncio.open_connection(str(last), port, **tls)  # type: ignore[arg-type]

    async def _admitted(self, host: str, name: str, port: int) -> list[Address]:
        spelled = literal(host)
        addresses = [spelled] if spelled else await self._resolve(name, port)
        for address in addresses:
            why = refusal(address, self._allow_private)
            if why is not None:
                raise ForbiddenError(f"{host} is {address}: {why}; nothing was sent")
        if not addresses:
            raise OSError(f"{host} has no address")
        return addresses


@lru_cache(maxsize=1024)
def _parsed(url: str) -> httpx.URL:
    return httpx.URL(url)


async def _talk(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: h11.Request, body: bytes
) -> Answer:
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=65_536)
    parts = (connection.send(part) or b"" for part in (request, h11.Data(data=body), h11.EndOfMessage()))
    writer.write(b"".join(parts))
    await writer.drain()
    while not isinstance(event := await _next(reader, connection), h11.Response):
        if isinstance(event, h11.ConnectionClosed):
            raise OSError("it closed the connection without an answer")
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in event.headers}
    return Answer(event.status_code, headers, await _beginning(reader, connection))


async def _beginning(reader: asyncio.StreamReader, connection: h11.Connection) -> bytes:
    data = bytearray()
    with suppress(OSError, TimeoutError, h11.RemoteProtocolError):
        async with asyncio.timeout(READING):
            while len(data) < READ and isinstance(event := await _next(reader, connection), h11.Data):
                data += event.data
    return bytes(data[:READ])


async def _next(reader: asyncio.StreamReader, connection: h11.Connection) -> h11.Event | type[h11.PAUSED]:
    while (event := connection.next_event()) is h11.NEED_DATA:
        connection.receive_data(await reader.read(65_536))
    return event  # type: ignore[return-value]

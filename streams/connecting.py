"""Connections to receivers: a name is resolved once, its addresses are judged, and the connection goes to one of them.

TLS is still verified by name. No connection is used twice: every attempt is judged anew, on what the name means then.
A name server that hangs holds one thread of our own pool a name, never one that anything else waits for.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address

import httpx

from schemas.addresses import Address, literal, refusal

Resolve = Callable[[str, int], Awaitable[list[Address]]]


class ForbiddenError(Exception):
    """The receiver's address is one that nothing may be sent to; nothing was sent, not even a connection opened."""


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


class Guarded(httpx.AsyncBaseTransport):
    """A transport that connects only to addresses that are permitted, and to the very ones it judged."""

    def __init__(
        self, allow_private: bool, resolving: Resolve | None = None, trusted: ssl.SSLContext | None = None
    ) -> None:
        self._resolver = Resolver()
        self._allow_private, self._resolve = allow_private, resolving or self._resolver
        unused = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        self._inner = httpx.AsyncHTTPTransport(verify=trusted or True, trust_env=False, limits=unused)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Sends a request; raises ForbiddenError where any of the host's addresses is refused."""
        *others, last = await self._admitted(request.url)
        for address in others:
            try:
                return await self._inner.handle_async_request(_pinned(request, address))
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
        return await self._inner.handle_async_request(_pinned(request, last))

    async def aclose(self) -> None:
        """Closes what is open."""
        await self._inner.aclose()
        self._resolver.close()

    async def _admitted(self, url: httpx.URL) -> list[Address]:
        spelled = literal(url.host)
        port = url.port or (443 if url.scheme == "https" else 80)
        addresses = [spelled] if spelled else await self._resolve(url.host, port)
        for address in addresses:
            why = refusal(address, self._allow_private)
            if why is not None:
                raise ForbiddenError(f"{url.host} is {address}: {why}; nothing was sent")
        if not addresses:
            raise httpx.ConnectError(f"{url.host} has no address")
        return addresses


def _pinned(request: httpx.Request, address: Address) -> httpx.Request:
    """The request, to an address; its Host header and the name that TLS verifies stay."""
    return httpx.Request(
        request.method,
        request.url.copy_with(host=str(address)),
        headers=request.headers,
        stream=request.stream,
        extensions=request.extensions | {"sni_hostname": request.url.host},
    )

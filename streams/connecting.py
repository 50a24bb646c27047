"""Connections to receivers: a name is resolved once, its addresses are judged, and the connection goes to one of them.

TLS is still verified by name. No connection is used twice: every attempt is judged anew, on what the name means then.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from ipaddress import ip_address

import httpx

from schemas.addresses import Address, literal, refusal

Resolve = Callable[[str, int], Awaitable[list[Address]]]


class ForbiddenError(Exception):
    """The receiver's address is one that nothing may be sent to; nothing was sent, not even a connection opened."""


async def resolve(host: str, port: int) -> list[Address]:
    """Every address of a name, in the order to try them."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ip_address(entry[4][0]) for entry in found))


class Guarded(httpx.AsyncBaseTransport):
    """A transport that connects only to addresses that are permitted, and to the very ones it judged."""

    def __init__(self, allow_private: bool, resolving: Resolve = resolve) -> None:
        self._allow_private, self._resolve = allow_private, resolving
        self._inner = httpx.AsyncHTTPTransport(trust_env=False, limits=httpx.Limits(max_keepalive_connections=0))

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

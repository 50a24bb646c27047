"""What surrounds every request: it is timed, its size is limited, and its answer tells browsers what to allow."""

import asyncio
import time
from urllib.parse import unquote_to_bytes

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.metrics import Metrics
from api.problems import handle, problem, respond

MAX_BODY = 32 * 1024 * 1024
SECONDS = 30.0
TOO_SLOW = f"The body did not come within {SECONDS:.0f} s. Nothing of it was kept."
TOO_LARGE = f"The body is larger than {MAX_BODY:,} bytes; send it in parts."

_ALLOWED = (
    "default-src 'none'; style-src 'self'{styles}; img-src 'self' data:; script-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class Observe:
    """Counts and times every answer by its route's template."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            route = getattr(scope.get("route"), "path_format", "other")
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self._metrics.requests.labels(method, route, status).inc()
            self._metrics.latency.labels(route).observe(time.perf_counter() - started)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Guard:
    """Refuses what can't be stored, and adds the security headers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        send = _with_headers(send, scope["path"])
        if b"\0" in unquote_to_bytes(scope.get("raw_path") or b"") + unquote_to_bytes(scope["query_string"]):
            refusal = respond(problem(400, "bad_request", "The address holds a NUL character; leave it out."))
            await refusal(scope, receive, send)
            return
        if _declared(scope) > MAX_BODY:
            await _too_large(scope, receive, send)
            return
        await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def noting(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, _limited(receive), noting)
        except Exception as error:
            if started:
                raise
            answer = await handle(Request(scope), error)
            await answer(scope, receive, send)


def _with_headers(send: Send, path: str) -> Send:
    styles = " 'unsafe-inline'" if path == "/docs" else ""
    policy = _ALLOWED.format(styles=styles)
    fresh = "public, max-age=3600" if path.startswith("/static/") else "no-store"

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("Content-Security-Policy", policy)
            headers.setdefault("Cache-Control", fresh)
        await send(message)

    return sending


def _declared(scope: Scope) -> int:
    said = dict(scope["headers"]).get(b"content-length", b"0")
    return int(said) if said.isdigit() else 0


def _limited(receive: Receive) -> Receive:
    taken, over, until = 0, False, asyncio.get_running_loop().time() + SECONDS

    async def receiving() -> Message:
        nonlocal taken, over
        if over:
            return await receive()  # waits for the client to go
        try:
            async with asyncio.timeout_at(until):
                message = await receive()
        except TimeoutError:
            raise HTTPException(408, TOO_SLOW, {"Connection": "close"}) from None
        taken += len(message.get("body", b""))
        over = not message.get("more_body", False)
        if taken > MAX_BODY:
            raise HTTPException(413, TOO_LARGE)
        return message

    return receiving


async def _too_large(scope: Scope, receive: Receive, send: Send) -> None:
    await respond(problem(413, "too_large", TOO_LARGE))(scope, receive, send)

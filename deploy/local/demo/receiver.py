"""Somebody's systems on the other end: takes webhooks, verifies their signatures, counts."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from standardwebhooks import Webhook, WebhookVerificationError

from deploy.local.ports import HOST


class Receiver:
    """A web server on a free port; `secret` is set once the endpoint is registered."""

    def __init__(self) -> None:
        self.secret = ""
        self.verified: set[str] = set()
        self.deliveries = 0
        self.refused = 0
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(204 if receiver.take(body, dict(self.headers.items())) else 401)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                """Says nothing: the screen belongs to the demo."""

        self._server = ThreadingHTTPServer((HOST, 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, name="receiver", daemon=True)

    @property
    def url(self) -> str:
        """Where webhooks are to be sent."""
        return f"http://{HOST}:{self._server.server_address[1]}/webhooks"

    def take(self, body: bytes, headers: dict[str, str]) -> bool:
        """Whether a delivery is signed by us."""
        self.deliveries += 1
        lower = {name.lower(): value for name, value in headers.items()}
        try:
            Webhook(self.secret).verify(body.decode(), lower)
        except (WebhookVerificationError, ValueError):
            self.refused += 1
            return False
        self.verified.add(lower["webhook-id"])
        return True

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

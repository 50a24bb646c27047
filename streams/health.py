"""/metrics, /readyz and /livez of the worker, in a thread of their own: they answer while the loop is busy."""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

Ready = Callable[[], str]


class _Handler(BaseHTTPRequestHandler):
    ready: Ready = staticmethod(lambda: "")

    def do_GET(self) -> None:
        match self.path.partition("?")[0]:
            case "/metrics":
                self._answer(200, generate_latest(), CONTENT_TYPE_LATEST)
            case "/livez":
                self._answer(200, b"ok\n")
            case "/readyz":
                missing = self.ready()
                self._answer(503 if missing else 200, f"{missing or 'ok'}\n".encode())
            case _:
                self._answer(404, b"There are /metrics, /readyz and /livez.\n")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is http.server's
        """Says nothing: a probe every second is no news."""

    def _answer(self, status: int, body: bytes, kind: str = "text/plain; charset=utf-8") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def serve(host: str, port: int, ready: Ready) -> None:
    """Answers on `port` until the process ends; `ready` says what is missing, or nothing."""
    handler = type("Handler", (_Handler,), {"ready": staticmethod(ready)})
    server = ThreadingHTTPServer((host, port), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()

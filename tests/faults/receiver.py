"""Somebody's system that hears of alerts: it keeps what it was sent, in the order it came, and sometimes hangs."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple, Self


class Message(NamedTuple):
    """One arrival: whose message it is, and which."""

    webhook_id: str
    episode: str
    sequence: int
    body: str


class Receiver:
    """A web server on a port of its own, while the context lasts."""

    def __init__(self) -> None:
        self.got: list[Message] = []
        self._answers = threading.Event()
        self._answers.set()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                data = json.loads(body)["data"]
                receiver.got.append(Message(self.headers["webhook-id"], data["id"], data["sequence"], body))
                receiver._answers.wait()
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign] # who asked may be dead by now
        self.url = f"http://127.0.0.1:{self._server.server_port}/"

    def hang(self) -> None:
        """From now on takes whatever comes, and answers nothing."""
        self._answers.clear()

    def go_on(self) -> None:
        """Answers again, also those that wait."""
        self._answers.set()

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, name="receiver", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.go_on()
        self._server.shutdown()
        self._server.server_close()

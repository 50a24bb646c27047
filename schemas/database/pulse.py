"""Whether the database answers: asked apart from everything else, with a limit that is our own.

A server that is stopped, or hangs on its disk, still acknowledges TCP, so that neither keepalives nor its own statement
timeout end the waiting, and libpq has no limit on reading. Here one connection asks again and again, and never blocks
for long. When no answer has come for `limit` seconds, nothing new is asked of the server, and every connection that
waits for it is cut off, so that its thread gets an error, as if the network had failed.
"""

import os
import select
import socket
import threading
import time
import weakref
from contextlib import suppress
from typing import Any

import psycopg2
from psycopg2.extensions import POLL_OK, POLL_READ, POLL_WRITE
from sqlalchemy import Engine, event

_EVERY, _PATIENCE = 1.0, 3.0


class Pulse:
    """Asks the server behind `engine` once a second from `start` until `stop`."""

    def __init__(self, engine: Engine, limit: float = 10.0) -> None:
        self._url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._limit = limit
        self._answered: float | None = None
        self._open: weakref.WeakSet[Any] = weakref.WeakSet()
        self._mine: Any = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)
        event.listen(engine, "connect", lambda connection, _: self._open.add(connection))

    def start(self) -> None:
        """Begins to ask; until the first answer is due, the server has the benefit of the doubt."""
        self._answered = time.monotonic()
        self._thread.start()

    def stop(self) -> None:
        """Ends the asking."""
        self._over.set()

    @property
    def silence(self) -> float:
        """Seconds since the last answer; 0 where nobody asks."""
        return 0.0 if self._answered is None or self._over.is_set() else time.monotonic() - self._answered

    @property
    def silent(self) -> bool:
        """Whether the server is taken for gone."""
        return self.silence > self._limit

    def _run(self) -> None:
        while not self._over.wait(_EVERY):
            try:
                self._ask()
                self._answered = time.monotonic()
            except (psycopg2.Error, OSError):
                self._mine = None
                if self.silent:
                    self._cut_off()

    def _ask(self) -> None:
        deadline = time.monotonic() + _PATIENCE
        if self._mine is None:
            self._mine = psycopg2.connect(self._url, async_=1, application_name="ebbtide pulse")
            _await(self._mine, deadline)
        cursor = self._mine.cursor()
        cursor.execute("SELECT 1")
        _await(self._mine, deadline)
        cursor.fetchone()

    def _cut_off(self) -> None:
        for connection in list(self._open):
            with suppress(psycopg2.Error, OSError):
                if not connection.closed:
                    with socket.socket(fileno=os.dup(connection.fileno())) as its:
                        its.shutdown(socket.SHUT_RDWR)


def _await(connection: Any, deadline: float) -> None:
    """Waits until an asynchronous connection is ready; raises TimeoutError (an OSError) at the deadline."""
    while (state := connection.poll()) != POLL_OK:
        left = deadline - time.monotonic()
        reads, writes = ([connection] if state == wanted else [] for wanted in (POLL_READ, POLL_WRITE))
        if left <= 0 or not any(select.select(reads, writes, [], left)):
            raise TimeoutError("the database does not answer in time")

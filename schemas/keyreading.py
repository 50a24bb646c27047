"""Keeps a key ring current: read every two seconds beside the requests, and once more for a key that may be new.

With each reading goes back which keys were used, so that no request waits for that to be written.
"""

import time
from collections.abc import Callable, Sequence
from threading import Lock

import structlog

from schemas.keyring import FRESH, Keyring
from schemas.keys import Key

EVERY = 2.0  # seconds between two readings
_IMPATIENT = 0.5  # seconds between two readings for the sake of unknown keys, however many there are
_PATIENCE = 2.0  # seconds to wait for a reading that is under way
_log = structlog.get_logger()

Exchange = Callable[[Sequence[int]], list[Key]]


class KeyReader:
    """Holds the ring. `exchange` takes the numbers of keys that were used, and gives all valid keys.

    Where it fails, the keys known before stay in the ring, which says how old they are: who asks decides.
    """

    def __init__(self, exchange: Exchange, seconds: Callable[[], float] = time.monotonic) -> None:
        self.ring = Keyring()
        self._exchange = exchange
        self._seconds = seconds
        self._lock = Lock()
        self._caught_up_at = float("-inf")

    @property
    def age(self) -> float:
        """How many seconds ago the keys were read."""
        return self.ring.age(self._seconds())

    @property
    def fresh(self) -> bool:
        """Whether what is known is as true as we promise."""
        return self.age <= FRESH

    def refresh(self) -> None:
        """Reads the keys again; blocks, so call it in a thread."""
        if self._lock.acquire(timeout=_PATIENCE):  # else a reading hangs, with the database
            try:
                self._read(self._seconds())
            finally:
                self._lock.release()

    def catch_up(self) -> None:
        """As `refresh`; where somebody else just asked for that, it only waits for that reading to end."""
        now = self._seconds()
        if now - self._caught_up_at >= _IMPATIENT:
            self._caught_up_at = now
            self.refresh()
        elif self._lock.acquire(timeout=_PATIENCE):
            self._lock.release()

    def _read(self, now: float) -> None:
        used = self.ring.take_used()
        try:
            self.ring.replace(self._exchange(used), now)
        except Exception as error:  # noqa: BLE001 - whatever the database's trouble is, the ring says how old it is
            self.ring.put_back(used)
            _log.warning("the keys can't be read", error=str(error)[:300], loaded=self.ring.loaded)

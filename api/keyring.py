"""The valid keys in memory, read again every few seconds: a revoked key works at most 3 seconds longer."""

import time
from collections.abc import Callable
from threading import Lock

from schemas.keys import Key, hash_secret

FRESH = 3.0  # seconds
IMPATIENT = 0.5  # how soon a key that is not known makes us look again: a new one works at once


class Keyring:
    """Finds keys by their secret or number; `load` reads all valid ones."""

    def __init__(self, load: Callable[[], list[Key]], seconds: Callable[[], float] = time.monotonic) -> None:
        self._load = load
        self._seconds = seconds
        self._lock = Lock()
        self._read_at = float("-inf")
        self._by_hash: dict[bytes, Key] = {}
        self._by_id: dict[int, Key] = {}

    def by_secret(self, secret: str) -> Key | None:
        """The valid key with that secret."""
        hashed = hash_secret(secret)
        self._refresh(FRESH)
        if hashed not in self._by_hash:
            self._refresh(IMPATIENT)
        return self._by_hash.get(hashed)

    def by_id(self, number: int) -> Key | None:
        """The valid key of that number."""
        self._refresh(FRESH)
        return self._by_id.get(number)

    def forget(self) -> None:
        """Reads the keys anew before the next answer: after this process changed one."""
        self._read_at = float("-inf")

    def _refresh(self, age: float) -> None:
        if self._seconds() - self._read_at < age:
            return
        with self._lock:
            started = self._seconds()
            if started - self._read_at < age:
                return
            found = self._load()
            self._by_hash = {key.hash: key for key in found}
            self._by_id = {key.id: key for key in found}
            self._read_at = started

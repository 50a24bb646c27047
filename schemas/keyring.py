"""The valid keys in memory, found by secret or number. Pure: whoever holds them reads the clock and the database."""

import hmac
from collections.abc import Iterable

from schemas.keys import Key, hash_secret, prefix_of

FRESH = 5.0  # seconds for which a reading is certain: a key that was revoked since ends by then


class Keyring:
    """What the last reading found, and which keys were used since.

    >>> ring = Keyring()
    >>> ring.replace([Key(7, 1, "web", "ebb_aaaaaaaa", hash_secret("ebb_aaaaaaaa…"), frozenset())], asked_at=2.0)
    >>> ring.find("ebb_aaaaaaaa…").id, ring.find("ebb_aaaaaaaa?"), ring.age(3.5), ring.take_used()
    (7, None, 1.5, [7])
    """

    def __init__(self) -> None:
        self._by_prefix: dict[str, list[Key]] = {}
        self._by_id: dict[int, Key] = {}
        self._used: set[int] = set()
        self._asked_at = float("-inf")

    def __len__(self) -> int:
        return len(self._by_id)

    @property
    def loaded(self) -> bool:
        """Whether the keys were read at least once."""
        return self._asked_at > float("-inf")

    def age(self, now: float) -> float:
        """How many seconds ago what is known was certainly true."""
        return now - self._asked_at

    def find(self, secret: str) -> Key | None:
        """The key of that secret: looked up by its public beginning, compared in constant time."""
        hashed, found = hash_secret(secret), None
        for key in self._by_prefix.get(prefix_of(secret), ()):
            if hmac.compare_digest(key.hash, hashed):
                found = key
        return found and self._use(found)

    def by_id(self, number: int) -> Key | None:
        """The key of that number."""
        found = self._by_id.get(number)
        return found and self._use(found)

    def replace(self, keys: Iterable[Key], asked_at: float) -> None:
        """Takes what was read as all there is, as of the moment at which it was asked for."""
        by_prefix: dict[str, list[Key]] = {}
        by_id = {key.id: key for key in keys}
        for key in by_id.values():
            by_prefix.setdefault(key.prefix, []).append(key)
        self._by_prefix, self._by_id, self._asked_at = by_prefix, by_id, asked_at

    def take_used(self) -> list[int]:
        """The numbers of the keys used since this was last asked."""
        used, self._used = self._used, set()
        return sorted(used)

    def put_back(self, used: Iterable[int]) -> None:
        """Notes again what could not be written down."""
        self._used.update(used)

    def _use(self, key: Key) -> Key:
        self._used.add(key.id)
        return key

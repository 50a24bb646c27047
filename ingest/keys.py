"""The write keys, in memory: read in the background, never while a request with a known key waits."""

import asyncio
import base64
import binascii
import time
from collections.abc import Callable

import structlog

from ingest import metrics
from ingest.errors import Refusal
from schemas.clock import wall_ms
from schemas.keys import Key, Scope, hash_secret

_log = structlog.get_logger()
_IMPATIENT = 0.5  # seconds between two readings for the sake of unknown keys, however many there are
_PATIENCE = 2.0


class Keyring:
    """Knows every valid key. `load` asks the database; without an answer the keys known before go on."""

    def __init__(self, load: Callable[[], list[Key]]) -> None:
        self._load = load
        self._keys: dict[bytes, Key] | None = None
        self._read_at = float("-inf")
        self._catching_up = asyncio.Lock()

    @property
    def loaded(self) -> bool:
        """Whether the keys were read at least once."""
        return self._keys is not None

    def refresh(self) -> None:
        """Reads the keys again; blocks, so call it in a thread."""
        self._read_at = time.monotonic()
        try:
            found = self._load()
        except Exception as error:  # noqa: BLE001 - whatever the database's trouble is, sending events goes on
            _log.warning("the keys can't be read; those known go on", error=str(error)[:300], loaded=self.loaded)
            return
        self._keys = {key.hash: key for key in found}
        metrics.KEYS.set(len(found))
        metrics.KEYS_READ.set(wall_ms() / 1000)

    async def meet(self, secret: str | None) -> Key:
        """As `authorize`; for a key that is not known the keys are read once more, since it may be new."""
        try:
            return self.authorize(secret)
        except Refusal as refusal:
            if refusal.code != "key_unknown":
                raise
        async with self._catching_up:
            if time.monotonic() - self._read_at >= _IMPATIENT:
                await asyncio.wait([asyncio.create_task(asyncio.to_thread(self.refresh))], timeout=_PATIENCE)
        return self.authorize(secret)

    def authorize(self, secret: str | None) -> Key:
        """The key of that secret, which may send events. Raises a Refusal: 401, 403, or 503 before the first load."""
        if not secret:
            raise Refusal(
                401,
                "key_missing",
                "No write key: send it as Basic user, Bearer token, or writeKey / api_key in the body.",
            )
        if self._keys is None:
            raise Refusal(503, "keys_unavailable", "Not kept: the keys are not loaded yet. Send the same again.", 2)
        key = self._keys.get(hash_secret(secret))
        if key is None:
            raise Refusal(401, "key_unknown", "The write key is unknown or revoked.")
        if Scope.INGEST not in key.scopes:
            raise Refusal(403, "key_forbidden", f"The key {key.prefix}… lacks the scope ingest; use a write key.")
        return key


def secret_in(authorization: bytes) -> str | None:
    """The secret in an Authorization header: Basic's user name or Bearer's token; None where there is none.

    >>> secret_in(b"Basic ZWJiX2s6"), secret_in(b"Bearer ebb_k"), secret_in(b"Basic Og==")
    ('ebb_k', 'ebb_k', None)
    """
    scheme, _, value = authorization.strip().partition(b" ")
    if scheme.lower() == b"bearer":
        return value.strip().decode("latin-1") or None
    if scheme.lower() != b"basic":
        return None
    try:
        user = base64.b64decode(value).partition(b":")[0]
    except binascii.Error:
        return None
    return user.decode("latin-1") or None

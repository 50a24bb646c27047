"""Whether a write key may send events: answered from memory, never from the database while a known key waits."""

import asyncio
import base64
import binascii
import time
from collections.abc import Callable

from ingest import metrics
from ingest.errors import Refusal
from schemas.keyreading import KeyReader
from schemas.keys import Key, Scope
from schemas.rates import Rates

_PATIENCE = 2.0


class Gate:
    """Lets valid write keys in. While the keys can't be read, those known stay valid for `grace` seconds.

    A client must keep what it could not send: who can't be judged is answered 503, never 401.
    """

    def __init__(
        self, reader: KeyReader, grace: float, rates: Rates, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self.reader = reader
        self._grace = grace
        self._rates = rates
        self._seconds = seconds
        self._catching_up = asyncio.Lock()

    async def meet(self, secret: str | None) -> Key:
        """The key of that secret, which may send events; for an unknown one the keys are read once more: it may be new.

        Raises a Refusal: 401, 403, 429 after too many events, or 503 where nobody can say.
        """
        if not secret:
            raise Refusal(
                401,
                "key_missing",
                "No write key: send it as Basic user, Bearer token, or writeKey / api_key in the body.",
            )
        key = self.reader.ring.find(secret)
        if key is None:
            async with self._catching_up:
                await asyncio.wait([asyncio.create_task(asyncio.to_thread(self.reader.catch_up))], timeout=_PATIENCE)
            key = self.reader.ring.find(secret)
        return self._judge(key)

    def _judge(self, key: Key | None) -> Key:
        if key is None and self.reader.fresh:
            raise Refusal(401, "key_unknown", "The write key is unknown or revoked.")
        if key is None or self.reader.age > self._grace:
            raise Refusal(503, "keys_unavailable", "Not kept: the keys can't be read now. Send the same again.", 2)
        if Scope.INGEST not in key.scopes:
            raise Refusal(403, "key_forbidden", f"The key {key.prefix}… lacks the scope ingest; use a write key.")
        if wait := self._rates.wait(key, self._seconds()):
            metrics.LIMITED.labels(str(key.id)).inc()
            raise Refusal(429, "rate_limited", f"Not kept: the key {key.prefix}… sends more than it may.", wait)
        return key

    def charge(self, key: Key, events: int) -> None:
        """Counts what a request of that key came to; an empty one is work too."""
        self._rates.take(key, max(1, events), self._seconds())


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

"""Signatures of Standard Webhooks: v1 (a shared secret, HMAC-SHA256) and v1a (a key pair, ed25519).

A key's prefix says what it is: `whsec_` a secret, `whsk_` the signing half of a pair, `whpk_` the verifying one.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_SECRET, _SIGNING, _PUBLIC = "whsec_", "whsk_", "whpk_"


def new_secret() -> str:
    """A secret of 32 random bytes."""
    return _told(_SECRET, secrets.token_bytes(32))


def new_signing_key() -> str:
    """A key pair, told by its signing half."""
    return _told(_SIGNING, secrets.token_bytes(32))


def public_key(signing_key: str) -> str:
    """The half that a receiver verifies with.

    >>> public_key(new_signing_key()).startswith("whpk_")
    True
    """
    return _told(_PUBLIC, _pair(signing_key).public_key().public_bytes_raw())


def signatures(keys: Iterable[str], webhook_id: str, timestamp: int, body: str) -> str:
    """One signature a key, as header `webhook-signature` has them; `timestamp` in seconds.

    >>> signatures(["whsec_c2VjcmV0"], "msg_1", 1767571200, "{}")
    'v1,GtgfqwaZDNQKGLmQ0WjfGDkotJi+bNcvtKKhK0O8k3w='
    """
    content = f"{webhook_id}.{timestamp}.{body}".encode()
    return " ".join(_signature(key, content) for key in keys)


def _signature(key: str, content: bytes) -> str:
    if key.startswith(_SIGNING):
        return f"v1a,{base64.b64encode(_pair(key).sign(content)).decode()}"
    digest = hmac.new(base64.b64decode(key.removeprefix(_SECRET)), content, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


@lru_cache(maxsize=1024)
def _pair(signing_key: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(base64.b64decode(signing_key.removeprefix(_SIGNING)))


def _told(prefix: str, key: bytes) -> str:
    return prefix + base64.b64encode(key).decode()

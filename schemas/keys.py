"""API keys: 256 random bits, shown once, stored as a SHA-256 with a prefix to know them by.

`ebb_` + 43 base64url characters. Scopes: `ingest` (send events), `read`, `manage` (write facts and webhook endpoints),
`admin` (keys).
"""

import hashlib
import secrets
from enum import StrEnum

import msgspec


class Scope(StrEnum):
    """What a key may do."""

    INGEST = "ingest"
    READ = "read"
    MANAGE = "manage"
    ADMIN = "admin"


class Key(msgspec.Struct, frozen=True):
    """A stored key, without its secret."""

    id: int
    workspace: int
    name: str
    prefix: str
    hash: bytes
    scopes: frozenset[str]
    per_second: float | None = None  # events to the collector, requests to the API; None is what the setting says


def new_secret() -> str:
    """A key nobody has seen yet."""
    return f"ebb_{secrets.token_urlsafe(32)}"


def hash_secret(secret: str) -> bytes:
    """What is stored of a key: with 256 random bits a plain SHA-256 can't be searched."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def prefix_of(secret: str) -> str:
    """What a list shows of a key."""
    return secret[:12]

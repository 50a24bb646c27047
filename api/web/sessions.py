"""A browser's session: a signed word that names a key and when it ends; revoking the key ends it too.

>>> word = issue("a secret", 7, 2_000)
>>> read("a secret", word, 1_999), read("a secret", word, 2_000), read("another", word, 1_999)
(7, None, None)
"""

import hashlib
import hmac
from collections.abc import Mapping

COOKIE = "ebbtide_session"
VISIT = "ebbtide_visit"  # a random word for who is not signed in


def issue(secret: str, key: int, ends: int) -> str:
    """The cookie's value for a key, until `ends` (wall time, ms)."""
    said = f"{key}.{ends}"
    return f"{said}.{_sign(secret, said)}"


def read(secret: str, word: str, now: int) -> int | None:
    """The number of the key that a valid word names, else None."""
    said, _, signature = word.rpartition(".")
    if not hmac.compare_digest(signature.encode(), _sign(secret, said).encode()):
        return None
    key, _, ends = said.partition(".")
    return int(key) if now < int(ends) else None


def word(cookies: Mapping[str, str]) -> str:
    """What the forms of this browser's pages are bound to; nothing for a browser that has none of our cookies."""
    return cookies.get(COOKIE) or cookies.get(VISIT, "")


def form_token(secret: str, word: str) -> str:
    """What a form carries to show that a page of ours made it.

    >>> form_token("a secret", "a visit") == form_token("a secret", "a visit") != form_token("a secret", "another")
    True
    """
    return _hmac(secret, f"form.{word}")


def _sign(secret: str, said: str) -> str:
    return _hmac(secret, f"session.{said}")


def _hmac(secret: str, said: str) -> str:
    return hmac.new(secret.encode(), said.encode(), hashlib.sha256).hexdigest()

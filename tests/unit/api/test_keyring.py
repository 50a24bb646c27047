"""Keys are read again in time, and only as often as that."""

from api.keyring import Keyring
from schemas.keys import Key, hash_secret


def key(number: int, secret: str) -> Key:
    return Key(number, 1, "k", secret[:4], hash_secret(secret), frozenset({"read"}))


def test_a_revoked_key_works_at_most_three_seconds_longer() -> None:
    stored, now = [key(1, "one")], [0.0]
    ring = Keyring(lambda: list(stored), lambda: now[0])
    assert ring.by_secret("one") is not None
    stored.clear()
    now[0] = 2.9
    assert ring.by_secret("one") is not None
    now[0] = 3.0
    assert ring.by_secret("one") is None
    assert ring.by_id(1) is None


def test_a_new_key_works_soon_and_wrong_ones_do_not_hammer_the_database() -> None:
    stored, now, reads = [key(1, "one")], [0.0], [0]

    def load() -> list[Key]:
        reads[0] += 1
        return list(stored)

    ring = Keyring(load, lambda: now[0])
    assert ring.by_secret("two") is None
    for _ in range(100):
        ring.by_secret("wrong")
    assert reads[0] == 1
    stored.append(key(2, "two"))
    now[0] = 0.5
    assert ring.by_secret("two") is not None

import asyncio

import pytest

from ingest.errors import Refusal
from ingest.keys import Keyring, secret_in
from schemas.errors import UnavailableError
from schemas.keys import Key, Scope, hash_secret


def key(secret: str, *scopes: Scope) -> Key:
    return Key(1, 1, "default", secret[:12], hash_secret(secret), frozenset(scopes))


def status(keyring: Keyring, secret: str | None) -> int:
    with pytest.raises(Refusal) as refusal:
        keyring.authorize(secret)
    return refusal.value.status


def test_only_a_valid_key_with_the_scope_may_send() -> None:
    keyring = Keyring(lambda: [key("ebb_write", Scope.INGEST), key("ebb_read", Scope.READ)])
    assert status(keyring, "ebb_write") == 503
    keyring.refresh()
    assert keyring.authorize("ebb_write").workspace == 1
    assert [status(keyring, secret) for secret in ("ebb_read", "ebb_other", "", None, "\ud800")] == [
        403,
        401,
        401,
        401,
        401,
    ]


def test_known_keys_go_on_when_the_database_is_away() -> None:
    answers: list[list[Key]] = [[key("ebb_write", Scope.INGEST)]]

    def load() -> list[Key]:
        if not answers:
            raise UnavailableError("away")
        return answers.pop()

    keyring = Keyring(load)
    keyring.refresh()
    keyring.refresh()
    assert keyring.authorize("ebb_write").workspace == 1


@pytest.mark.parametrize(
    ("header", "secret"),
    [
        (b"Bearer k", "k"),
        (b"bearer  k ", "k"),
        (b"Basic azo=", "k"),
        (b"Basic Og==", None),
        (b"Basic !", None),
        (b"", None),
    ],
)
def test_the_secret_in_a_header(header: bytes, secret: str | None) -> None:
    assert secret_in(header) == secret


def test_a_new_key_is_met_at_once_and_unknown_ones_ask_once() -> None:
    keys = [key("ebb_write", Scope.INGEST)]
    asked: list[int] = []

    def load() -> list[Key]:
        asked.append(1)
        return list(keys)

    keyring = Keyring(load)

    async def meet(*secrets: str) -> list[object]:
        return await asyncio.gather(*map(keyring.meet, secrets), return_exceptions=True)

    keyring.refresh()
    keys.append(key("ebb_newer", Scope.INGEST))
    keyring._read_at = float("-inf")
    found = asyncio.run(meet("ebb_newer", *["ebb_unknown"] * 20))
    assert isinstance(found[0], Key)
    assert all(isinstance(one, Refusal) for one in found[1:])
    assert len(asked) == 2

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

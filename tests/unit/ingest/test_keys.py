import asyncio
from collections.abc import Sequence

import pytest

from ingest.errors import Refusal
from ingest.keys import Gate, secret_in
from schemas.errors import UnavailableError
from schemas.keyreading import EVERY, KeyReader
from schemas.keyring import FRESH
from schemas.keys import Key, Scope, hash_secret
from schemas.rates import Rates


class Table:
    """The table of keys, which can be away, and the time."""

    def __init__(self, *keys: Key) -> None:
        self.keys, self.reads, self.away, self.now = list(keys), 0, False, 0.0
        self.reader = KeyReader(self.exchange, lambda: self.now)
        self.gate = Gate(self.reader, 900, Rates(default=10), lambda: self.now)

    def exchange(self, _: Sequence[int]) -> list[Key]:
        self.reads += 1
        if self.away:
            raise UnavailableError("away")
        return list(self.keys)

    def meet(self, *secrets: str | None) -> list[object]:
        """What each is told: the code of its refusal, or None where it may send."""

        async def together() -> list[object]:
            return await asyncio.gather(*map(self.gate.meet, secrets), return_exceptions=True)

        return [one.code if isinstance(one, Refusal) else None for one in asyncio.run(together())]

    def later(self, seconds: float) -> None:
        self.now += seconds
        self.reader.refresh()


def key(secret: str, *scopes: Scope) -> Key:
    return Key(1, 1, "default", secret[:12], hash_secret(secret), frozenset(scopes))


def test_only_a_valid_key_with_the_scope_may_send() -> None:
    table = Table(
        key("ebb_write", Scope.INGEST), Key(2, 1, "r", "ebb_read", hash_secret("ebb_read"), frozenset("read"))
    )
    assert table.meet("ebb_write", "ebb_read", "ebb_other", "", None, "\ud800") == [
        None,
        "key_forbidden",
        "key_unknown",
        "key_missing",
        "key_missing",
        "key_unknown",
    ]


def test_a_revoked_key_ends_within_five_seconds() -> None:
    table = Table(key("ebb_write", Scope.INGEST))
    assert table.meet("ebb_write") == [None]
    table.keys.clear()
    table.later(EVERY)
    assert table.meet("ebb_write") == ["key_unknown"]
    assert EVERY < FRESH == 5


def test_while_the_database_is_away_known_keys_go_on_for_the_grace_and_nobody_is_turned_away_for_good() -> None:
    table = Table(key("ebb_write", Scope.INGEST))
    table.later(0)
    table.away = True
    table.later(800)
    assert table.meet("ebb_write", "ebb_perhaps_new") == [None, "keys_unavailable"]
    table.later(101)
    assert table.meet("ebb_write") == ["keys_unavailable"]
    table.away = False
    table.later(2)
    assert table.meet("ebb_write", "ebb_perhaps_new") == [None, "key_unknown"]


def test_nobody_is_let_in_or_turned_away_before_the_keys_were_read() -> None:
    table = Table(key("ebb_write", Scope.INGEST))
    table.away = True
    assert table.meet("ebb_write") == ["keys_unavailable"]


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
    table = Table(key("ebb_write", Scope.INGEST))
    table.later(0)
    table.keys.append(Key(2, 1, "n", "ebb_newer", hash_secret("ebb_newer"), frozenset({Scope.INGEST})))
    table.now += 1
    assert table.meet("ebb_newer", *["ebb_unknown"] * 20) == [None, *["key_unknown"] * 20]
    assert table.reads == 2

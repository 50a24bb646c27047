"""Keys are read again in time, and only as often as that."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from schemas.errors import UnavailableError
from schemas.keyreading import KeyReader
from schemas.keys import Key, hash_secret


def key(number: int, secret: str) -> Key:
    return Key(number, 1, "k", secret[:12], hash_secret(secret), frozenset({"read"}))


class Table:
    """The table of keys, which can be away."""

    def __init__(self, *keys: Key) -> None:
        self.keys, self.used, self.reads, self.away = list(keys), list[list[int]](), 0, False

    def exchange(self, used: Sequence[int]) -> list[Key]:
        self.reads += 1
        if self.away:
            raise UnavailableError("away")
        self.used.append(list(used))
        return list(self.keys)


def test_keys_that_share_their_public_beginning_are_told_apart() -> None:
    table = Table(key(1, "ebb_same-beginning-1"), key(2, "ebb_same-beginning-2"))
    reader = KeyReader(table.exchange)
    reader.refresh()
    found = [reader.ring.find(f"ebb_same-beginning-{i}") for i in (1, 2, 3)]
    assert [one and one.id for one in found] == [1, 2, None]


def test_guessing_keys_does_not_load_the_database() -> None:
    now, table = [0.0], Table()
    reader = KeyReader(table.exchange, lambda: now[0])
    for _ in range(100):
        reader.catch_up()
    assert table.reads == 1
    table.keys.append(key(1, "new"))
    now[0] = 0.5
    reader.catch_up()
    assert reader.ring.find("new") is not None


def test_which_keys_were_used_is_said_once_and_never_lost() -> None:
    table = Table(key(1, "one"), key(2, "two"))
    reader = KeyReader(table.exchange)
    reader.refresh()
    reader.ring.find("two")
    reader.ring.by_id(1)
    reader.ring.find("wrong")
    table.away = True
    reader.refresh()
    table.away = False
    reader.refresh()
    reader.refresh()
    assert table.used == [[], [1, 2], []]


def test_what_is_known_grows_old_while_the_database_is_away() -> None:
    now, table = [100.0], Table(key(1, "one"))
    reader = KeyReader(table.exchange, lambda: now[0])
    assert not reader.ring.loaded
    reader.refresh()
    table.away = True
    for now[0], fresh in ((102.0, True), (105.0, True), (105.1, False)):
        reader.refresh()
        assert (reader.fresh, reader.ring.find("one") is not None) == (fresh, True)


def test_many_who_come_with_a_new_key_at_once_are_all_let_in() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def exchange(_: Sequence[int]) -> list[Key]:
        begun.set()
        go_on.wait(5)
        return [key(1, "new")]

    def find() -> Key | None:
        reader.catch_up()
        return reader.ring.find("new")

    reader = KeyReader(exchange)
    with ThreadPoolExecutor(4) as pool:
        found = [pool.submit(find)]
        begun.wait(5)
        found += [pool.submit(find) for _ in range(3)]
        go_on.set()
        assert [one.result() is not None for one in found] == [True] * 4

"""Bodies and ids."""

from pathlib import Path

import msgspec

from deploy.local.importing.payloads import MAX_BYTES, Identities, import_id_of, to_payloads, to_requests
from deploy.local.importing.rows import Row


def row(line: int = 1, **said: object) -> Row:
    fields = {"time": 1714550400000, "account": "acme", "user": "ada", "behavior": "login"} | said
    return Row(line, **fields)  # type: ignore[arg-type]


def test_equal_rows_count_each_and_get_the_same_ids_again() -> None:
    first, second = Identities(), Identities()
    rows = [row(1), row(2), row(3, user="bob"), row(4)]
    ids = [first.of(one) for one in rows]
    assert len(set(ids)) == 4
    assert ids == [second.of(one) for one in rows]
    assert [i.partition("-")[2] for i in ids] == ["0", "1", "0", "2"]


def test_the_order_of_properties_says_nothing() -> None:
    one, other = row(properties={"a": 1, "b": 2}), row(properties={"b": 2, "a": 1})
    assert Identities().of(one) == Identities().of(other)


def test_what_is_sent() -> None:
    (payload,) = to_payloads([row(account=None, properties={"seats": 3})])
    sent = msgspec.json.decode(payload.line)
    assert sent.pop("id")
    assert sent == {"time": 1714550400000, "user": "ada", "behavior": "login", "properties": {"seats": 3}}


def test_text_that_is_no_utf8_is_a_problem_of_its_row() -> None:
    payloads = list(to_payloads([row(user="\udcff"), Row(2, problem="broken"), row(3)]))
    assert [payload.row.problem for payload in payloads] == ["it is not valid UTF-8", "broken", ""]
    assert [bool(payload.line) for payload in payloads] == [False, False, True]


def test_bodies_are_within_the_limits_and_leave_nothing_out() -> None:
    rows = [row(i, properties={"text": "x" * (10_000 if i > 3000 else 1)}) for i in range(1, 4501)]
    requests = list(to_requests(to_payloads(rows)))
    assert all(len(request.payloads) <= 2000 and len(request.body) <= MAX_BYTES for request in requests)
    assert [payload.row.line for request in requests for payload in request.payloads] == list(range(1, 4501))
    assert requests[-1].last_line == 4500


def test_the_same_file_is_the_same_import(tmp_path: Path) -> None:
    for name, content in (("a", b"1"), ("b", b"1"), ("c", b"2")):
        (tmp_path / name).write_bytes(content)
    ids = [import_id_of(tmp_path / name) for name in "abc"]
    assert ids[0] == ids[1] != ids[2]

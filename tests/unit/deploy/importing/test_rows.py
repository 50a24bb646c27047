"""Files in every shape people have them."""

import gzip
from pathlib import Path

import pytest
import zstandard

from deploy.local.importing.errors import FileError
from deploy.local.importing.rows import Row, open_text, parse_time, read_rows

CSV = b"time,account,user,behavior,project\n2024-05-01T08:00:00Z,acme,ada,report,x\n2024-05-01T09:00:00Z,,bob,login,\n"
NDJSON = (
    b'{"timestamp": 1714550400, "account_id": "acme", "user_id": "ada", "event": "report", "project": "x"}\n\n'
    b'{"time": "2024-05-01T09:00:00", "user": "bob", "behavior": "login", "properties": {}}\n'
)
WANTED = [
    (1714550400000, "acme", "ada", "report", {"project": "x"}),
    (1714554000000, None, "bob", "login", {}),
]


def rows_of(path: Path) -> list[Row]:
    with open_text(path) as (text, _):
        return list(read_rows(text, path.name))


def said(rows: list[Row]) -> list[tuple[object, ...]]:
    return [(row.time, row.account, row.user, row.behavior, row.properties) for row in rows]


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.csv.zst", "a.ndjson", "a.jsonl.gz", "a.ndjson.zst"])
def test_formats(tmp_path: Path, name: str) -> None:
    content = CSV if ".csv" in name else NDJSON
    if name.endswith(".gz"):
        content = gzip.compress(content)
    if name.endswith(".zst"):
        content = zstandard.compress(content[:30]) + zstandard.compress(content[30:])
    (tmp_path / name).write_bytes(content)
    rows = rows_of(tmp_path / name)
    assert said(rows) == WANTED
    assert [row.line for row in rows] == ([2, 3] if ".csv" in name else [1, 3])


def test_each_wrong_row_has_its_line_and_reason(tmp_path: Path) -> None:
    lines = [
        "time,user,behavior",
        "yesterday,ada,x",
        ",ada,x",
        "2024-05-01,ada,",
        "2024-05-01,,x",
        "2024-05-01,ada,x,y",
        "2024-05-01,ada,x",
    ]
    (tmp_path / "a.csv").write_text("\n".join(lines))
    assert [(row.line, row.problem) for row in rows_of(tmp_path / "a.csv")] == [
        (2, "'yesterday' is no time; write ISO 8601 or seconds since the epoch"),
        (3, "no time is given; write ISO 8601 or seconds since the epoch"),
        (4, "it names no behavior"),
        (5, "it names neither an account nor a user"),
        (6, "it has 4 values for 3 columns"),
        (7, ""),
    ]


def test_broken_json_spoils_only_its_line(tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").write_bytes(b'{"time": 1e999}\n[1]\n{"a": \n' + NDJSON)
    problems = [bool(row.problem) for row in rows_of(tmp_path / "a.ndjson")]
    assert problems == [True, True, True, False, False]


@pytest.mark.parametrize(("name", "content"), [("a.txt", b""), ("a.csv", b""), ("a.csv", b"when,who\n")])
def test_useless_files(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FileError):
        rows_of(tmp_path / name)


def test_aliases_keep_what_they_do_not_claim(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("time,name,behavior,account\n2024-05-01,Ada,login,acme\n")
    assert said(rows_of(tmp_path / "a.csv")) == [(1714521600000, "acme", None, "login", {"name": "Ada"})]


def test_times() -> None:
    assert parse_time("2024-05-01 10:00:00+02:00") == parse_time("1714550400.0") == 1714550400000
    with pytest.raises(ValueError, match="no time"):
        parse_time("12")

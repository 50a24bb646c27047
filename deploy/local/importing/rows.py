"""Rows of a CSV or NDJSON file, plain or compressed, as events for `POST /v1/import`.

Columns are known by name: `time` (or `timestamp`, …), `account`, `user`, `behavior`; all others are properties.
"""

import csv
import gzip
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import msgspec
import zstandard

from deploy.local.importing.errors import FileError

FIELDS = {
    "time": ("time", "timestamp", "occurred_at", "event_time", "date"),
    "account": ("account", "account_id", "accountId", "group_id", "groupId", "company"),
    "user": ("user", "user_id", "userId", "distinct_id"),
    "behavior": ("behavior", "event", "event_name", "name"),
}
_ORDER = ("time", "behavior", "account", "user")


class Row(msgspec.Struct, frozen=True):
    """One line's event, or what is wrong with it. `time` is in milliseconds since the epoch."""

    line: int
    time: int = 0
    account: str | None = None
    user: str | None = None
    behavior: str = ""
    properties: dict[str, Any] = {}
    problem: str = ""


@contextmanager
def open_text(path: Path) -> Iterator[tuple[IO[str], IO[bytes]]]:
    """A file's text, and its raw bytes underneath, whose position tells how far reading is."""
    with path.open("rb") as raw:
        match path.suffix:
            case ".gz":
                plain: Any = gzip.GzipFile(fileobj=raw)
            case ".zst":
                plain = zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True)
            case _:
                plain = raw
        with io.TextIOWrapper(plain, encoding="utf-8-sig", errors="surrogateescape", newline="") as text:
            yield text, raw


def read_rows(text: IO[str], name: str) -> Iterator[Row]:
    """Every row of a file called `name` (its ending tells CSV from NDJSON). Raises FileError for a useless header."""
    plain = name.removesuffix(".gz").removesuffix(".zst")
    if plain.endswith((".ndjson", ".jsonl", ".json")):
        return _ndjson(text)
    if plain.endswith((".csv", ".tsv")):
        return _csv(text, "\t" if plain.endswith(".tsv") else ",")
    raise FileError(f"{name} is neither .csv nor .ndjson (plain, .gz or .zst); rename it to say what it holds.")


def _csv(text: IO[str], delimiter: str) -> Iterator[Row]:
    reader = csv.reader(text, delimiter=delimiter)
    header = next(reader, [])
    fields = _claim(header)
    missing = {"time", "behavior"} - fields.keys()
    if missing:
        raise FileError(
            f"The header names no {' and no '.join(sorted(missing))} column; it has: {', '.join(header) or 'nothing'}. "
            "Needed are time and behavior, and account or user."
        )
    return _csv_rows(reader, header, fields)


def _csv_rows(reader: Any, header: list[str], fields: dict[str, str]) -> Iterator[Row]:
    place = {name: i for i, name in enumerate(header)}
    time, behavior, account, user = (place.get(fields.get(name, ""), len(header)) for name in _ORDER)
    others = [(i, name) for name, i in place.items() if name not in fields.values()]
    while True:
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Row(reader.line_num, problem=f"the line can't be read as CSV: {error}")
            continue
        if len(values) > len(header):
            yield Row(reader.line_num, problem=f"it has {len(values)} values for {len(header)} columns")
        elif values:
            # An empty cell says nothing, as a missing one does.
            values += [""] * (len(header) + 1 - len(values))
            properties = {name: values[i] for i, name in others if values[i]} if others else {}
            yield _row(reader.line_num, (values[time], values[behavior], values[account], values[user]), properties)


def _ndjson(text: IO[str]) -> Iterator[Row]:
    for line, content in enumerate(text, 1):
        if not content.strip():
            continue
        try:
            found = msgspec.json.decode(content.encode("utf-8", "surrogateescape"), type=dict[str, Any])
        except (msgspec.DecodeError, RecursionError) as error:
            yield Row(line, problem=f"the line is no JSON object: {error}")
            continue
        yield to_row(line, found, _claim(found))


def _claim(names: Iterable[str]) -> dict[str, str]:
    """Which of the names stands for which field; earlier aliases win, so `behavior` beats `event`."""
    present = set(names)
    return {
        field: alias for field, aliases in FIELDS.items() if (alias := next((a for a in aliases if a in present), None))
    }


def to_row(line: int, found: dict[str, Any], fields: dict[str, str]) -> Row:
    """One object's values as a row; what no field claims becomes its properties."""
    claimed = fields.values()
    nested = found.get("properties")
    properties = {key: value for key, value in found.items() if key not in claimed}
    if isinstance(nested, dict):
        properties = {key: value for key, value in properties.items() if key != "properties"} | nested
    return _row(line, [found.get(fields.get(name, "")) for name in _ORDER], properties)


def _row(line: int, values: Sequence[Any], properties: dict[str, Any]) -> Row:
    """A row of what the fields say, in their order."""
    try:
        time = parse_time(values[0])
    except (ValueError, OverflowError) as error:
        return Row(line, problem=str(error))
    behavior, account, user = map(_text, values[1:])
    if not behavior:
        return Row(line, problem="it names no behavior")
    if not account and not user:
        return Row(line, problem="it names neither an account nor a user")
    return Row(line, time, account, user, behavior, properties)


def _text(value: Any) -> str | None:
    return None if value is None else str(value).strip() or None


def parse_time(value: Any) -> int:
    """A time in ISO 8601 (UTC where it names no zone) or seconds or milliseconds since the epoch, as milliseconds.

    >>> parse_time("2024-05-01T08:00:00Z"), parse_time("1714550400"), parse_time(1714550400000)
    (1714550400000, 1714550400000, 1714550400000)
    """
    if isinstance(value, int | float) or (isinstance(value, str) and _is_number(value)):
        number = float(value)
        return round(number if abs(number) >= _MILLISECONDS_FROM else number * 1000)
    try:
        moment = datetime.fromisoformat(str(value).strip())
    except ValueError:
        shown = "no time is given" if value in (None, "") else f"{value!r} is no time"
        raise ValueError(f"{shown}; write ISO 8601 or seconds since the epoch") from None
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def _is_number(value: str) -> bool:
    # Most times are in ISO 8601, and rows come in millions.
    return value[4:5] != "-" and _NUMBER.fullmatch(value.strip()) is not None


_NUMBER = re.compile(r"-?\d{9,}(\.\d+)?")
_MILLISECONDS_FROM = 1e11  # in seconds the year 5138

r"""The rows of a bulk import: a JSON array, NDJSON or CSV.

>>> [row.traits for row in read_rows(b"account,arr,plan\nacme,48000,pro\n", "text/csv")]
[{'arr': 48000.0, 'plan': 'pro'}]
>>> read_rows(b"account,created\nacme,2024-01-31\n", "text/csv")[0].created_at.isoformat()
'2024-01-31T00:00:00+00:00'
"""

import csv
import io
import json
from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

from schemas.accounts import AccountRow
from schemas.errors import DefinitionError

MAX_ROWS = 100_000
NUMERIC = ("arr", "employees", "seats")  # the known traits that are numbers; CSV has only text

_EXAMPLE = {"account": "acme", "name": "Acme GmbH", "arr": 48000, "plan": "pro", "time_zone": "Europe/Berlin"}
_ROW = AccountRow.model_json_schema() | {"additionalProperties": True, "examples": [_EXAMPLE]}
MEDIA_TYPES: dict[str, Any] = {
    "application/json": {"schema": {"type": "array", "items": _ROW}, "example": [_EXAMPLE]},
    "application/x-ndjson": {"schema": {"type": "string"}, "example": json.dumps(_EXAMPLE)},
    "text/csv": {"schema": {"type": "string"}, "example": "account,name,arr\nacme,Acme GmbH,48000\n"},
}


def read_rows(body: bytes, content_type: str) -> list[AccountRow]:
    """The rows of a body; raises DefinitionError that names the first wrong row."""
    kind = content_type.partition(";")[0].strip().lower()
    try:
        content = body.decode("utf-8-sig")
        rows = list(_split(content, kind))
    except (ValueError, csv.Error, RecursionError) as error:
        raise DefinitionError(f"The body can't be read as {kind}: {error}. Nothing of it was kept.") from None
    if len(rows) > MAX_ROWS:
        raise DefinitionError(f"There are {len(rows):,} rows; send at most {MAX_ROWS:,} at once. None was kept.")
    return [_row(i, row) for i, row in enumerate(rows)]


def _split(content: str, kind: str) -> Iterable[Any]:
    if kind == "text/csv":
        return [_numbers(row) for row in csv.DictReader(io.StringIO(content), strict=True)]
    if kind in ("application/x-ndjson", "application/ndjson", "application/jsonl"):
        return [json.loads(line) for line in content.split("\n") if line.strip()]
    found = json.loads(content)
    if not isinstance(found, list):
        raise ValueError("it is not an array of accounts")  # noqa: TRY004 - the value is wrong, not our call
    return found


def _numbers(row: dict[str | Any, Any]) -> dict[str, Any]:
    if None in row:
        raise ValueError(f"the row of {next(iter(row.values()))!r} has more cells than the header")
    return {key: float(value) if key in NUMERIC and value else value for key, value in row.items()}


def _row(i: int, row: Any) -> AccountRow:
    try:
        return AccountRow.model_validate(row)
    except ValidationError as error:
        wrong = error.errors()[0]
        where = ".".join(str(part) for part in wrong["loc"])
        raise DefinitionError(f"Row {i}: {where}: {wrong['msg']}. None of the rows was kept.") from None

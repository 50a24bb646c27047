"""Who is judged, by account and kind: only what changes is written, and read back as one column of bytes a kind."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from io import StringIO
from typing import Any

import numpy as np
from sqlalchemy import Connection, delete, func, literal, select, text
from sqlalchemy.dialects.postgresql import ARRAY

from schemas.alerts import ON_ACCOUNTS
from schemas.clock import DAY_MS, to_ms
from schemas.coverage import ROW, Rows, Status, nothing, why
from schemas.database.copying import copy_text
from schemas.database.tables import coverage, progress

_STORED = text("""
    SELECT kind, string_agg(int4send(account) || int2send(status) || int4send(begun) || int2send(days_needed)
                            || float4send(due) || float4send(due_needed), ''::bytea) AS rows
    FROM coverage WHERE workspace = :workspace GROUP BY kind
""")
_TAKEN_OVER = text("""
    INSERT INTO coverage SELECT * FROM coverage_new
    ON CONFLICT (workspace, account, kind) DO UPDATE SET
        status = excluded.status, begun = excluded.begun, days_needed = excluded.days_needed,
        due = excluded.due, due_needed = excluded.due_needed, recorded_at = excluded.recorded_at
""")


def keep(connection: Connection, workspace: int, found: Mapping[str, Rows]) -> int:
    """Writes what changed of each kind's rows (sorted by account), and drops kinds that are no more; how many rows."""
    read = {row.kind: np.frombuffer(row.rows, ROW) for row in connection.execute(_STORED, {"workspace": workspace})}
    stored = {kind: rows[np.argsort(rows["account"])] for kind, rows in read.items()}
    gone = stored.keys() - found.keys()
    if gone:
        of = coverage.c.workspace == workspace
        connection.execute(delete(coverage).where(of, coverage.c.kind.in_(sorted(gone))))
    changed = {kind: _changed(rows, stored.get(kind, rows[:0])) for kind, rows in found.items()}
    if any(len(rows) for rows in changed.values()):
        _write(connection, workspace, changed)
    return sum(map(len, changed.values()))


def _changed(rows: Rows, stored: Rows) -> Rows:
    """Those of `rows` that are not stored like that."""
    at = np.searchsorted(stored["account"], rows["account"])
    same = at < len(stored)
    same[same] = stored[at[same]] == rows[same]
    return rows[~same]


def _write(connection: Connection, workspace: int, changed: Mapping[str, Rows]) -> None:
    connection.execute(text("CREATE TEMP TABLE coverage_new (LIKE coverage INCLUDING DEFAULTS) ON COMMIT DROP"))
    lines = StringIO()
    for kind, rows in changed.items():
        lines.writelines(f"{workspace}\t{kind}\t" + "\t".join(map(str, row)) + "\n" for row in rows.tolist())
    copy_text(connection, f"COPY coverage_new (workspace, kind, {', '.join(ROW.names or ())}) FROM STDIN", lines)
    connection.execute(_TAKEN_OVER)


def of_accounts(connection: Connection, workspace: int, numbers: Sequence[int]) -> dict[int, dict[str, dict[str, Any]]]:
    """By account and kind: `status`, and `reason` where it is not judged."""
    wanted = literal(list(numbers), ARRAY(coverage.c.account.type))
    query = select(coverage).where(coverage.c.workspace == workspace, coverage.c.account == func.any(wanted))
    today = _today(connection, workspace)
    found = {number: {kind.value: _shown(Status.NO_DATA, nothing(kind)) for kind in ON_ACCOUNTS} for number in numbers}
    for row in connection.execute(query):
        status = Status(row.status)
        said = why(row.kind, status, today, row.begun, row.days_needed, row.due, row.due_needed)
        found[row.account][row.kind] = _shown(status, said)
    return found


def _shown(status: Status, reason: str | None) -> dict[str, Any]:
    return {"status": status.word, "reason": reason}


def _today(connection: Connection, workspace: int) -> int:
    """The last day that is evaluated, since 1970-01-01."""
    reached: datetime | None = connection.scalar(
        select(progress.c.evaluated_to).where(progress.c.workspace == workspace)
    )
    return 0 if reached is None else to_ms(reached) // DAY_MS - 1

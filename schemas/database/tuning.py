"""How each kind's rule is tuned, by whom and why; the newest row of a kind holds, and none is ever changed."""

from typing import Any

from sqlalchemy import Connection, insert, select

from schemas.alerts import DETECTED
from schemas.database.attention import records_of
from schemas.database.tables import tunings
from schemas.errors import ConflictError, NotFoundError
from schemas.priorities import Record
from schemas.tuning import ENOUGH, TUNABLE, suggested

_SHOWN = tuple(tunings.c[name] for name in ("factor", "actor", "reason", "recorded_at"))


def factors(connection: Connection, workspace: int) -> dict[str, float]:
    """The factor on the share of each kind that is tuned."""
    query = select(tunings.c.kind, tunings.c.factor).where(tunings.c.workspace == workspace).order_by(tunings.c.id)
    return {row.kind: row.factor for row in connection.execute(query)}


def list_rules(connection: Connection, workspace: int) -> list[dict[str, Any]]:
    """Each kind with how people judged its alerts, and how it is tuned."""
    records, holding = records_of(connection, workspace), factors(connection, workspace)
    return [
        _rule(connection, workspace, kind, records.get(kind, Record()), holding.get(kind, 1.0)) for kind in DETECTED
    ]


def tune(
    connection: Connection, workspace: int, kind: str, factor: float | None, actor: str, reason: str
) -> dict[str, Any]:
    """Tunes a kind's rule from the next evaluation on; `factor` None: as its verdicts suggest.

    Raises NotFoundError for a kind that has no share of the budget, ConflictError where verdicts suggest nothing yet.
    """
    if kind not in TUNABLE:
        raise NotFoundError(f"{kind!r} has no share of the budget to tune; say {', '.join(TUNABLE)}.")
    record = records_of(connection, workspace).get(kind, Record())
    wanted = suggested(record) if factor is None else factor
    if wanted is None:
        judged = record.true + record.false
        raise ConflictError(
            f"Only {judged} alerts of this kind are judged; {ENOUGH} suggest a factor. Nothing changed."
        )
    row = {"workspace": workspace, "kind": kind, "factor": wanted, "actor": actor, "reason": reason}
    connection.execute(insert(tunings).values(row))
    return _rule(connection, workspace, kind, record, wanted)


def _rule(connection: Connection, workspace: int, kind: str, record: Record, factor: float) -> dict[str, Any]:
    history = select(*_SHOWN).where(tunings.c.workspace == workspace, tunings.c.kind == kind)
    judged = record.true + record.false
    return {
        "kind": kind,
        "judged": judged,
        "right": record.true,
        "wrong": record.false,
        "precision": round(record.true / judged, 4) if judged else None,
        "tunable": kind in TUNABLE,
        "factor": factor,
        "suggested": suggested(record) if kind in TUNABLE else None,
        "history": [dict(row) for row in connection.execute(history.order_by(tunings.c.id.desc())).mappings()],
    }

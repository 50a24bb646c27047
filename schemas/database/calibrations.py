"""What each month's calibration means, stored by evaluation and shown with what people were told meanwhile."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, func, select, text
from sqlalchemy.dialects.postgresql import insert as upsert

from schemas.calibrations import Meaning
from schemas.database.tables import account_arr, calibrations

_WEEKS = 13
_A_YEAR = 365.25 / 7

# What each customer-success manager was told of in the last weeks; accounts without one are theirs together (null).
_BY_CSM = text("""
    SELECT nullif(accounts.csm, '') AS csm, count(DISTINCT accounts.number) AS accounts,
           count(DISTINCT accounts.number) FILTER (WHERE judged.account IS NOT NULL) AS judged,
           coalesce(sum(told.alerts), 0) AS alerts
    FROM accounts
    LEFT JOIN (SELECT DISTINCT account FROM coverage WHERE workspace = :workspace AND status = 2) AS judged
        ON judged.account = accounts.number
    LEFT JOIN (SELECT account, count(*) AS alerts FROM alerts
               WHERE workspace = :workspace AND fired_at >= :since AND origin <> 'shadow' AND state <> 'retracted'
               GROUP BY account) AS told ON told.account = accounts.number
    WHERE accounts.workspace = :workspace
    GROUP BY 1 ORDER BY 1 NULLS LAST
""")
# By kind, and over all of them (kind null), where an account is what the kind that says most of it can say.
_BY_KIND = text(f"""
    SELECT kind, count(*) FILTER (WHERE status = 2) AS judged, count(*) FILTER (WHERE status = 1) AS too_thin,
           least(coalesce(sum(worth.arr) FILTER (WHERE status = 2), 0), 1e300) AS judged_arr,
           least(coalesce(sum(worth.arr) FILTER (WHERE status = 1), 0), 1e300) AS too_thin_arr
    FROM (
        SELECT kind, account, status FROM coverage WHERE workspace = :workspace
        UNION ALL
        SELECT NULL, account, max(status) FROM coverage WHERE workspace = :workspace GROUP BY account
    ) AS known
    JOIN (SELECT number, {account_arr.name} AS arr FROM accounts WHERE workspace = :workspace) AS worth
        ON worth.number = known.account
    GROUP BY kind ORDER BY kind
""")  # noqa: S608 - only our own words
_ALL = text(f"""
    SELECT count(*) AS accounts, least(sum({account_arr.name}), 1e300) AS arr FROM accounts WHERE workspace = :workspace
""")  # noqa: S608 - only our own words


def newest(connection: Connection, workspace: int) -> datetime | None:
    """The newest month whose calibration is stored."""
    found: datetime | None = connection.scalar(
        select(func.max(calibrations.c.month)).where(calibrations.c.workspace == workspace)
    )
    return found


def keep(connection: Connection, workspace: int, month: datetime, meaning: Meaning) -> None:
    """Stores what a month's calibration means; once."""
    row = {"workspace": workspace, "month": month, "meaning": msgspec.to_builtins(meaning)}
    connection.execute(upsert(calibrations).values(row).on_conflict_do_nothing())


def calibration(connection: Connection, workspace: int, now: datetime) -> dict[str, Any]:
    """The newest calibration, whom each kind judges, and what each CSM was told of in the last quarter."""
    of = {"workspace": workspace, "since": now - timedelta(weeks=_WEEKS)}
    row = connection.execute(
        select(calibrations).where(calibrations.c.workspace == workspace).order_by(calibrations.c.month.desc()).limit(1)
    ).first()
    meaning = {} if row is None else dict(row.meaning)
    budget = meaning.get("budget")
    csms = [_csm(one, budget) for one in connection.execute(_BY_CSM, of)]
    return {
        "month": None if row is None else row.month,
        "calibrated_at": None if row is None else row.recorded_at,
        "rules": meaning.get("rules"),
        "budget": budget,
        "kinds": meaning.get("kinds", []),
        "found": meaning.get("found", []),
        "found_in_14_days": _share(meaning, "in_14_days"),
        "found_in_42_days": _share(meaning, "in_42_days"),
        "alerts_a_week": round(sum(one["alerts_a_week"] for one in csms), 2),
        "false_alerts_a_week": None if budget is None else round(sum(one["false_alerts_a_week"] for one in csms), 2),
        "by_csm": csms,
        **judged(connection, workspace),
    }


def judged(connection: Connection, workspace: int) -> dict[str, Any]:
    """How many accounts are judged, too thin or without data, and their shares of accounts and of ARR.

    `judged_by_any`: by all kinds together (None where nothing is evaluated yet); `judged`: by each kind.
    """
    whole = connection.execute(_ALL, {"workspace": workspace}).one()
    rows = connection.execute(_BY_KIND, {"workspace": workspace}).all()
    total = next((_covered(one, whole) for one in rows if one.kind is None), None)
    by_kind = [{"kind": one.kind} | _covered(one, whole) for one in rows if one.kind is not None]
    return {"judged_by_any": total, "judged": by_kind}


def _covered(one: Any, whole: Any) -> dict[str, Any]:
    rest = float(whole.arr or 0) - float(one.judged_arr or 0) - float(one.too_thin_arr or 0)
    return {
        "accounts": one.judged,
        "too_thin": one.too_thin,
        "no_data": whole.accounts - one.judged - one.too_thin,
        "share": part_of(one.judged, whole.accounts),
        "arr_share": part_of(one.judged_arr, whole.arr),
        "arr_too_thin": part_of(one.too_thin_arr, whole.arr),
        "arr_no_data": part_of(max(rest, 0), whole.arr),
    }


def part_of(part: Any, whole: Any) -> float | None:
    """A share; None of nothing."""
    return round(float(part or 0) / float(whole), 4) if whole else None


def _csm(row: Any, budget: float | None) -> dict[str, Any]:
    false = None if budget is None else round(budget * row.judged / _A_YEAR, 3)
    return {
        "csm": row.csm,
        "accounts": row.accounts,
        "judged": row.judged,
        "alerts_a_week": round(float(row.alerts) / _WEEKS, 3),
        "false_alerts_a_week": false,
    }


def _share(meaning: dict[str, Any], within: str) -> float | None:
    found = meaning.get("found", [])
    return part_of(sum(one[within] for one in found), sum(one["injected"] for one in found))

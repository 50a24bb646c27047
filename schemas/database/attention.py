"""Whose alerts are, how urgent they are, and how many of a week are told one by one."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection, func, select, text, update

from schemas.alerts import AlertState, Origin, Transition
from schemas.attention import Manager
from schemas.database.tables import account_arr, accounts, alerts, csms
from schemas.lives import AlertRecord, TransitionRecord, defer
from schemas.priorities import Priority, Record, Stakes, priority

Revision = tuple[AlertRecord, list[TransitionRecord]]
_MANAGER = tuple(csms.c[name] for name in Manager.__struct_fields__)
_SECONDS_A_DAY = 86_400

# How people judged each kind's alerts: of each alert, what was said last.
_RECORDS = text("""
    SELECT kind, count(*) FILTER (WHERE verdict IN ('true', 'known')) AS right,
           count(*) FILTER (WHERE verdict = 'false') AS wrong
    FROM (SELECT DISTINCT ON (episode) episode, verdict FROM verdicts WHERE workspace = :workspace
          ORDER BY episode, recorded_at DESC) AS last
    JOIN alerts ON alerts.workspace = :workspace AND alerts.episode = last.episode
    GROUP BY kind
""")


class _Owner(NamedTuple):
    csm: str | None
    stakes: Stakes


def attend(connection: Connection, workspace: int, revisions: Sequence[Revision], now: datetime) -> list[Revision]:
    """An evaluation's revisions with whose they are and how urgent.

    The most urgent come first; beyond a CSM's budget, new ones wait for the digest.
    """
    weighed = weigh(connection, workspace, [alert for alert, _ in revisions], now)
    found = [(alert, steps) for alert, (_, steps) in zip(weighed, revisions, strict=True)]
    left = _budgets(connection, workspace, {alert.csm for alert, _ in found if alert.csm}, now)
    order = sorted(range(len(found)), key=lambda i: -found[i][0].priority)
    for i in order:
        alert, steps = found[i]
        if alert.csm not in left or not steps or steps[0].transition != Transition.FIRED or not steps[0].told:
            continue
        left[alert.csm] -= 1
        if left[alert.csm] < 0:
            found[i] = defer(alert, steps)
    return found


def weigh(connection: Connection, workspace: int, found: Sequence[AlertRecord], now: datetime) -> list[AlertRecord]:
    """Alerts with the CSM and the priority that they have now."""
    numbers = sorted({alert.account for alert in found if alert.account is not None})
    owners = _owners(connection, workspace, numbers, now) if numbers else {}
    records = records_of(connection, workspace) if found else {}
    return [_weighed(alert, owners.get(alert.account or 0, _NOBODY), records) for alert in found]


def refresh(connection: Connection, workspace: int, now: datetime) -> int:
    """Weighs the open alerts again: deadlines come nearer, accounts change hands. Returns how many changed."""
    of = (alerts.c.workspace == workspace, alerts.c.origin == Origin.LIVE)
    shown = (
        alerts.c.episode,
        alerts.c.account,
        alerts.c.kind,
        alerts.c.evidence,
        alerts.c.csm,
        alerts.c.priority_parts,
    )
    query = select(*shown).where(*of, alerts.c.state.not_in((AlertState.RESOLVED, AlertState.RETRACTED)))
    rows = connection.execute(query).all()
    numbers = sorted({row.account for row in rows if row.account is not None})
    owners = _owners(connection, workspace, numbers, now) if numbers else {}
    records, changed = records_of(connection, workspace), 0
    for row in rows:
        owner = owners.get(row.account or 0, _NOBODY)
        found = _priority(owner, row.evidence, records.get(row.kind, Record()))
        parts = msgspec.to_builtins(found.parts)
        if (owner.csm, parts) != (row.csm, row.priority_parts):
            one = update(alerts).where(alerts.c.workspace == workspace, alerts.c.episode == row.episode)
            connection.execute(one.values(csm=owner.csm, priority=found.value, priority_parts=parts))
            changed += 1
    return changed


def records_of(connection: Connection, workspace: int) -> dict[str, Record]:
    """How people judged the alerts of each kind that anybody judged."""
    rows = connection.execute(_RECORDS, {"workspace": workspace})
    return {row.kind: Record(row.right, row.wrong) for row in rows}


def managers(connection: Connection, workspace: int, wanted: Sequence[str] | None = None) -> dict[str, Manager]:
    """What CSMs want, of those who said so; `wanted` None: of all."""
    query = select(*_MANAGER).where(csms.c.workspace == workspace)
    query = query if wanted is None else query.where(csms.c.csm == func.any(sorted(wanted)))
    rows = [dict(zip(Manager.__struct_fields__, row, strict=True)) for row in connection.execute(query)]
    return {row["csm"]: msgspec.convert(row, Manager) for row in rows}


_NOBODY = _Owner(None, Stakes())


def _weighed(alert: AlertRecord, owner: _Owner, records: dict[str, Record]) -> AlertRecord:
    found = _priority(owner, alert.evidence, records.get(alert.kind, Record()))
    return replace(alert, csm=owner.csm, priority=found.value, priority_parts=msgspec.to_builtins(found.parts))


def _priority(owner: _Owner, evidence: dict[str, Any], record: Record) -> Priority:
    return priority(owner.stakes, evidence, record)


def _owners(connection: Connection, workspace: int, numbers: Sequence[int], now: datetime) -> dict[int, _Owner]:
    of = (accounts.c.workspace == workspace, accounts.c.number == func.any(list(numbers)))
    rows = connection.execute(select(accounts.c.number, accounts.c.traits).where(*of)).all()
    terms = _terms(connection, workspace, numbers, now)
    known = {row.number: _arr(row.traits, terms.get(row.number)) for row in rows}
    typical = _typical_arr(connection, workspace) if None in known.values() else None
    found = {}
    for row in rows:
        csm, term = row.traits.get("csm"), terms.get(row.number)
        days = (term.deadline - now).total_seconds() / _SECONDS_A_DAY if term and term.deadline else None
        stakes = Stakes(arr=known[row.number], typical_arr=typical, deadline_days=None if days is None else round(days))
        found[row.number] = _Owner(str(csm)[:256] if csm else None, stakes)
    return found


def _arr(traits: dict[str, Any], term: Any) -> float | None:
    said = traits.get("arr")
    if isinstance(said, int | float) and not isinstance(said, bool):
        return float(said)
    return None if term is None or term.arr is None else float(term.arr)


def _terms(connection: Connection, workspace: int, numbers: Sequence[int], now: datetime) -> dict[int, Any]:
    """The newest contract of each account, with its ARR and its notice deadline, else its renewal date."""
    rows = connection.execute(_TERMS, {"workspace": workspace, "numbers": list(numbers), "now": now})
    return {row.account: row for row in rows}


_TERMS = text("""
    SELECT DISTINCT ON (account) account, arr, coalesce(notice_deadline, renewal_date) AS deadline FROM subscriptions
    WHERE workspace = :workspace AND account = ANY(:numbers) AND valid_from <= :now
    ORDER BY account, valid_from DESC, id DESC
""")


def _typical_arr(connection: Connection, workspace: int) -> float | None:
    middle = func.percentile_cont(0.5).within_group(account_arr)
    found = connection.scalar(select(middle).where(accounts.c.workspace == workspace, account_arr > 0))
    return None if found is None else float(found)


def _budgets(connection: Connection, workspace: int, wanted: set[str], now: datetime) -> dict[str | None, int]:
    """How many more new alerts each CSM with a budget is told of this week."""
    left: dict[str | None, int] = {}
    for csm, manager in managers(connection, workspace, sorted(wanted)).items():
        if manager.weekly_budget is None:
            continue
        spent = connection.scalar(
            _TOLD, {"workspace": workspace, "csm": csm, "since": manager.week_of(now), "now": now}
        )
        left[csm] = max(manager.weekly_budget - int(spent or 0), 0)
    return left


_TOLD = text("""
    SELECT count(*) FROM alerts WHERE workspace = :workspace AND csm = :csm AND fired_at >= :since AND fired_at < :now
      AND EXISTS (SELECT FROM transitions WHERE transitions.workspace = :workspace
                  AND transitions.episode = alerts.episode AND sequence = 1 AND told)
""")

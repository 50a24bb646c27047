"""CSMs: those that accounts name, and what they want of notifications."""

from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.dialects.postgresql import insert as upsert

from schemas.database.tables import csms
from schemas.errors import NotFoundError

_ALL = text("""
    SELECT coalesce(named.csm, csms.csm) AS csm, coalesce(named.accounts, 0) AS accounts,
           coalesce(open.alerts, 0) AS open_alerts, open.most_urgent,
           coalesce(csms.time_zone, (SELECT time_zone FROM workspaces WHERE id = :workspace)) AS time_zone,
           coalesce(csms.working_days, '{0,1,2,3,4,5,6}') AS working_days, csms.quiet_from, csms.quiet_to,
           csms.weekly_budget, csms.email
    FROM (SELECT csm, count(*) AS accounts FROM accounts
          WHERE workspace = :workspace AND csm <> '' GROUP BY 1) AS named
    FULL JOIN (SELECT * FROM csms WHERE workspace = :workspace) AS csms ON csms.csm = named.csm
    LEFT JOIN (SELECT csm, count(*) AS alerts, max(priority) AS most_urgent FROM alerts
               WHERE workspace = :workspace AND state NOT IN ('resolved', 'retracted') AND origin <> 'shadow'
               GROUP BY csm) AS open ON open.csm = coalesce(named.csm, csms.csm)
    WHERE cast(:csm AS text) IS NULL OR coalesce(named.csm, csms.csm) = :csm
    ORDER BY 1
""")


def list_csms(connection: Connection, workspace: int, csm: str | None = None) -> list[dict[str, Any]]:
    """Every CSM, or one, with their accounts, open alerts, and what they want."""
    rows = connection.execute(_ALL, {"workspace": workspace, "csm": csm}).mappings()
    return [{str(name): value for name, value in row.items()} for row in rows]


def get_csm(connection: Connection, workspace: int, csm: str) -> dict[str, Any]:
    """One CSM; raises NotFoundError where no account names them and they never said anything."""
    found = list_csms(connection, workspace, csm)
    if not found:
        raise NotFoundError(f"No account of this workspace has the CSM {csm!r}.")
    return found[0]


def put_csm(connection: Connection, workspace: int, csm: str, wanted: dict[str, Any]) -> dict[str, Any]:
    """Keeps what a CSM wants from now on."""
    row = {"workspace": workspace, "csm": csm} | wanted
    connection.execute(upsert(csms).values(row).on_conflict_do_update(index_elements=["workspace", "csm"], set_=wanted))
    return get_csm(connection, workspace, csm)

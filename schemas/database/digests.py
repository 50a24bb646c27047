"""Weekly digests: each CSM's is written once, on their Monday morning, with its messages."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, func, select, text
from sqlalchemy.dialects.postgresql import insert as upsert

from schemas.alerts import Transition
from schemas.attention import Manager
from schemas.database import paging
from schemas.database.attention import managers
from schemas.database.tables import accounts, digests, workspaces
from schemas.database.telling import News, tell
from schemas.digests import Digest, Line, as_html, as_text, digest
from schemas.errors import NotFoundError
from schemas.messages import DigestData, text_of

_WEEK = timedelta(days=7)

_LINES = text("""
    SELECT a.csm, a.episode AS id, a.kind, a.state, o.account, coalesce(o.traits ->> 'name', o.account) AS name,
           o.traits -> 'arr' AS arr, o.traits ->> 'currency' AS currency, a.sentence,
           coalesce(a.evidence ->> 'next_step', '') AS next_step, a.priority, a.fired_at, a.resolved_at, a.deferred,
           EXISTS (SELECT FROM transitions t WHERE t.workspace = a.workspace AND t.episode = a.episode
                   AND t.transition = :worsened AND t.at >= :since AND t.at < :until) AS worsened
    FROM alerts a LEFT JOIN accounts o ON o.workspace = a.workspace AND o.number = a.account
    WHERE a.workspace = :workspace AND a.csm = :csm AND a.origin = 'live' AND a.fired_at < :until
      AND (a.state NOT IN ('resolved', 'retracted') OR a.resolved_at >= :since OR a.fired_at >= :since)
      AND a.state <> 'retracted'
""")
_JUDGED = text("""
    SELECT count(*) AS accounts, sum(arr) FILTER (WHERE judged) / nullif(sum(arr), 0) AS judged_arr
    FROM (SELECT CASE WHEN jsonb_typeof(traits -> 'arr') = 'number' THEN (traits -> 'arr')::float8 ELSE 0 END AS arr,
                 number IN (SELECT account FROM coverage WHERE workspace = :workspace AND status = 2) AS judged
          FROM accounts WHERE workspace = :workspace AND csm = :csm) AS theirs
""")


def due(connection: Connection, now: datetime) -> int:
    """Writes every digest that is due at `now` and is not there yet; returns how many."""
    return sum(_due(connection, workspace, zone, now) for workspace, zone in _workspaces(connection))


def _due(connection: Connection, workspace: int, zone: str, now: datetime) -> int:
    known, made = managers(connection, workspace), 0
    newest = {row.csm: row.until for row in connection.execute(_newest(workspace))}
    for csm in _csms(connection, workspace):
        manager = known.get(csm) or Manager(csm=csm, time_zone=zone)
        until = manager.digest_due(now)
        if until > newest.get(csm, until - _WEEK):
            made += write(connection, workspace, csm, until)
    return made


def write(connection: Connection, workspace: int, csm: str, until: datetime) -> int:
    """Writes one digest and tells it; 0 where somebody did it already."""
    found = build(connection, workspace, csm, until)
    row = {"workspace": workspace, "csm": csm, "until": until, "content": shown(found)}
    if not connection.execute(upsert(digests).values(row).on_conflict_do_nothing()).rowcount:
        return 0
    tell(connection, workspace, [_news(found)])
    return 1


def build(connection: Connection, workspace: int, csm: str, until: datetime) -> Digest:
    """The digest of the week that ends at `until`, as alerts stand now."""
    since = until - _WEEK
    of = {"workspace": workspace, "csm": csm, "since": since, "until": until, "worsened": Transition.WORSENED}
    lines = [_line(row) for row in connection.execute(_LINES, of).mappings()]
    judged = connection.execute(_JUDGED, of).one()
    share = None if judged.judged_arr is None else round(float(judged.judged_arr), 4)
    return digest(csm, (since, until), lines, judged.accounts, share)


def list_digests(
    connection: Connection, workspace: int, csm: str | None, limit: int, cursor: str | None
) -> paging.Page:
    """A page of digests, the newest first."""
    query = select(digests.c.csm, digests.c.until, digests.c.content, digests.c.recorded_at)
    query = query.where(digests.c.workspace == workspace)
    query = query if csm is None else query.where(digests.c.csm == csm)
    values = paging.decode(cursor, (datetime, str)) if cursor else None
    query = paging.after(query, (digests.c.until, digests.c.csm), values, descending=True).limit(limit + 1)
    return paging.page(list(connection.execute(query).mappings()), limit, ("until", "csm"))


def newest_digest(connection: Connection, workspace: int, csm: str, until: datetime | None = None) -> Digest:
    """A CSM's digest of the week that ended at `until`, else their newest; NotFoundError where there is none."""
    query = select(digests.c.content).where(digests.c.workspace == workspace, digests.c.csm == csm)
    query = query if until is None else query.where(digests.c.until == until)
    found = connection.scalar(query.order_by(digests.c.until.desc()).limit(1))
    if found is None:
        raise NotFoundError(f"There is no digest of {csm!r} yet; the first comes on Monday at 7 in their time zone.")
    return msgspec.convert(found, Digest, strict=False)


def shown(found: Digest) -> dict[str, Any]:
    """A digest as it is stored and shown."""
    return dict(msgspec.to_builtins(found))


def _news(found: Digest) -> News:
    series, data = (
        f"digest {found.csm}",
        DigestData(**msgspec.structs.asdict(found), text=as_text(found), html=as_html(found)),
    )
    text = text_of("digest.weekly", data, found.until)
    return News("digest.weekly", text, f"{series} {found.until:%Y-%m-%d}", 1, fingerprint=series, csm=found.csm)


def _line(row: Mapping[Any, Any]) -> Line:
    said = {str(name): value for name, value in row.items() if name != "csm"}
    arr = said["arr"]
    said["arr"] = float(arr) if isinstance(arr, int | float) and not isinstance(arr, bool) else None
    return msgspec.convert(said, Line)


def _workspaces(connection: Connection) -> list[tuple[int, str]]:
    return [(row.id, row.time_zone) for row in connection.execute(select(workspaces.c.id, workspaces.c.time_zone))]


def _csms(connection: Connection, workspace: int) -> list[str]:
    query = select(accounts.c.csm).where(accounts.c.workspace == workspace, accounts.c.csm != "").distinct()
    return list(connection.scalars(query.order_by(accounts.c.csm)))


def _newest(workspace: int) -> Any:
    query = select(digests.c.csm, func.max(digests.c.until).label("until")).where(digests.c.workspace == workspace)
    return query.group_by(digests.c.csm)

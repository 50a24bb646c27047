"""Segments with a few figures each."""

from typing import Any

from sqlalchemy import Connection, TextClause, func, select, text

from schemas.database.accounts import CLOSED, TOLD
from schemas.database.calibrations import part_of
from schemas.database.tables import account_arr, alert_segment, alerts, segment_marks, workspaces
from schemas.segments import DIMENSIONS, EVERYONE, Dimension

EVERYONES = -1  # the dimension of the row that counts everyone
_LOCK = 0x73656773  # "segs"

# Each block's accounts, by one dimension after the other.
_COUNT = """
INSERT INTO segment_figures (workspace, block, dimension, band, accounts, arr, judged, judged_arr)
SELECT :workspace, block, {dimension}, coalesce({bands}, ''), count(*), sum(arr),
       count(*) FILTER (WHERE judged), coalesce(sum(arr) FILTER (WHERE judged), 0)
FROM (
    SELECT marked.block, {columns}, {arr} AS arr, EXISTS (
        SELECT FROM coverage WHERE coverage.workspace = :workspace AND account = number AND status = 2
    ) AS judged
    FROM unnest(CAST(:blocks AS int[])) AS marked (block)
    JOIN accounts ON accounts.workspace = :workspace
        AND number >= marked.block * 1000 AND number < marked.block * 1000 + 1000
) AS each
GROUP BY GROUPING SETS ({sets}, (block))
"""
_TAKE = text("DELETE FROM segment_marks WHERE workspace = :workspace RETURNING block")
_DROP = text("DELETE FROM segment_figures WHERE workspace = :workspace AND block = ANY(:blocks)")
_SUM = text("""
    SELECT dimension, band, sum(accounts)::bigint AS accounts, least(sum(arr), 1e300) AS arr,
           sum(judged)::bigint AS judged, least(sum(judged_arr), 1e300) AS judged_arr
    FROM segment_figures WHERE workspace = :workspace AND NOT (band = '' AND dimension <> -1)
    GROUP BY dimension, band
""")


def list_segments(connection: Connection, workspace: int) -> list[dict[str, Any]]:
    """Every segment with its accounts, their ARR, the share of both that is judged, and its open alerts.

    The largest come first. An account is judged where some kind of alert judges it. What changed since it was asked
    last is counted first, so the transaction has to be one that writes.
    """
    count(connection, workspace)
    open_alerts = _open_alerts(connection, workspace)
    found = []
    for row in connection.execute(_SUM, {"workspace": workspace}):
        shares = {"judged": part_of(row.judged, row.accounts), "judged_arr": part_of(row.judged_arr, row.arr)}
        found.append(_named(row.dimension, row.band) | {"accounts": row.accounts, "arr": float(row.arr or 0)} | shares)
    if not found:
        nothing = {"accounts": 0, "arr": 0.0, "judged": None, "judged_arr": None}
        found.append(_named(EVERYONES, "") | nothing)
    for one in found:
        one["open_alerts"] = open_alerts.get(one["segment"], 0)
    return sorted(found, key=lambda one: (-one["accounts"], one["segment"]))


def count(connection: Connection, workspace: int) -> int:
    """Counts the blocks again in which something has changed; returns how many."""
    of = {"workspace": workspace}
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock, :workspace)"), of | {"lock": _LOCK})
    blocks = sorted(set(connection.scalars(_TAKE, of)))
    if blocks:
        connection.execute(_DROP, of | {"blocks": blocks})
        connection.execute(text("SET LOCAL work_mem = '64MB'"))  # hashed, groups are quick; sorted, they are not
        connection.execute(_COUNTING, of | {"blocks": blocks})
    return len(blocks)


def count_all(connection: Connection) -> int:
    """The same for every workspace, so that who asks has little to wait for."""
    marked = select(segment_marks.c.workspace).join(workspaces, workspaces.c.id == segment_marks.c.workspace).distinct()
    return sum(count(connection, workspace) for workspace in sorted(connection.scalars(marked).all()))


def _named(place: int, band: str) -> dict[str, Any]:
    if place == EVERYONES:
        return {"segment": EVERYONE, "dimension": None, "band": None}
    dimension = DIMENSIONS[place]
    label = dimension.label(int(band)) if dimension.bounds else band
    return {"segment": f"{dimension.trait}:{label}", "dimension": dimension.trait, "band": label}


def _band(dimension: Dimension) -> str:
    value = f"traits -> '{dimension.trait}'"
    if not dimension.bounds:
        return f"nullif(left(traits ->> '{dimension.trait}', 100), '')"
    bounds = ", ".join(str(bound) for bound in dimension.bounds)
    bucket = f"width_bucket(({value})::numeric, ARRAY[{bounds}]::numeric[])::text"
    return f"CASE WHEN jsonb_typeof({value}) = 'number' THEN {bucket} END"


def _counting() -> TextClause:
    bands = [f"band_{i}" for i in range(len(DIMENSIONS))]
    said = " ".join(f"WHEN grouping({band}) = 0 THEN {i}" for i, band in enumerate(bands))
    query = _COUNT.format(
        bands=", ".join(bands),
        dimension=f"CASE {said} ELSE {EVERYONES} END",
        arr=account_arr.name,
        columns=", ".join(f"{_band(one)} AS {band}" for one, band in zip(DIMENSIONS, bands, strict=True)),
        sets=", ".join(f"(block, {band})" for band in bands),
    )
    return text(query)


_COUNTING = _counting()


def _open_alerts(connection: Connection, workspace: int) -> dict[str, int]:
    query = (
        select(alert_segment, func.count())
        .where(alerts.c.workspace == workspace, alerts.c.state.not_in(CLOSED), TOLD)
        .group_by(alert_segment)
    )
    return {row[0]: row[1] for row in connection.execute(query)}

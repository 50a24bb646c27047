"""Segments with a few figures each."""

from typing import Any

from sqlalchemy import Connection, func, select, text

from schemas.database.accounts import CLOSED, TOLD
from schemas.database.calibrations import part_of
from schemas.database.tables import account_arr, alert_segment, alerts
from schemas.segments import DIMENSIONS, EVERYONE, Dimension

# One pass over the accounts, by all their bands together; of those groups, which are few, come the dimensions' figures.
# `dimension` says which one a row is grouped by, by its place.
_FIGURES = """
WITH banded AS MATERIALIZED (
    SELECT {columns}, count(*) AS accounts, sum(arr) AS arr,
           count(*) FILTER (WHERE judged) AS judged, sum(arr) FILTER (WHERE judged) AS judged_arr
    FROM (
        SELECT traits, {arr} AS arr, number IN (
            SELECT account FROM coverage WHERE workspace = :workspace AND status = 2
        ) AS judged
        FROM accounts WHERE workspace = :workspace
    ) AS each
    GROUP BY {places}
)
SELECT coalesce({bands}) AS band, {dimension} AS dimension, sum(accounts)::bigint AS accounts,
       least(sum(arr), 1e300) AS arr, sum(judged)::bigint AS judged,
       least(coalesce(sum(judged_arr), 0), 1e300) AS judged_arr
FROM banded
GROUP BY GROUPING SETS ({sets}, ())
"""


def list_segments(connection: Connection, workspace: int) -> list[dict[str, Any]]:
    """Every segment with its accounts, their ARR, the share of both that is judged, and its open alerts.

    The largest come first. An account is judged where some kind of alert judges it.
    """
    bands = [f"band_{i}" for i in range(len(DIMENSIONS))]
    query = _FIGURES.format(
        bands=", ".join(bands),
        dimension="CASE " + " ".join(f"WHEN grouping({band}) = 0 THEN {i}" for i, band in enumerate(bands)) + " END",
        arr=account_arr.name,
        columns=", ".join(f"{_band(one)} AS {band}" for one, band in zip(DIMENSIONS, bands, strict=True)),
        places=", ".join(str(i + 1) for i in range(len(bands))),
        sets=", ".join(f"({band})" for band in bands),
    )
    connection.execute(text("SET LOCAL work_mem = '64MB'"))  # hashed, groups are quick; sorted, they are not
    open_alerts = _open_alerts(connection, workspace)
    found = []
    for row in connection.execute(text(query), {"workspace": workspace}):
        if row.band is None and row.dimension is not None:
            continue  # accounts of which the dimension says nothing
        shares = {"judged": part_of(row.judged, row.accounts), "judged_arr": part_of(row.judged_arr, row.arr)}
        found.append(_named(row.dimension, row.band) | {"accounts": row.accounts, "arr": float(row.arr or 0)} | shares)
    for one in found:
        one["open_alerts"] = open_alerts.get(one["segment"], 0)
    return sorted(found, key=lambda one: (-one["accounts"], one["segment"]))


def _named(place: int | None, band: str | None) -> dict[str, Any]:
    if place is None:
        return {"segment": EVERYONE, "dimension": None, "band": None}
    dimension = DIMENSIONS[place]
    label = dimension.label(int(str(band))) if dimension.bounds else band
    return {"segment": f"{dimension.trait}:{label}", "dimension": dimension.trait, "band": label}


def _band(dimension: Dimension) -> str:
    value = f"traits -> '{dimension.trait}'"
    if not dimension.bounds:
        return f"nullif(left(traits ->> '{dimension.trait}', 100), '')"
    bounds = ", ".join(str(bound) for bound in dimension.bounds)
    bucket = f"width_bucket(({value})::numeric, ARRAY[{bounds}]::numeric[])::text"
    return f"CASE WHEN jsonb_typeof({value}) = 'number' THEN {bucket} END"


def _open_alerts(connection: Connection, workspace: int) -> dict[str, int]:
    query = (
        select(alert_segment, func.count())
        .where(alerts.c.workspace == workspace, alerts.c.state.not_in(CLOSED), TOLD)
        .group_by(alert_segment)
    )
    return {row[0]: row[1] for row in connection.execute(query)}

"""Windows: what an account did, by hour, by local day, or over a rolling span of days."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from api import spans
from api.dependencies import InPath, Reader
from api.models.accounts import Windows
from schemas.clock import to_datetime, to_ms
from schemas.database import accounts, windows
from schemas.windows import ALL

router = APIRouter(tags=["accounts"])


@router.get("/v1/accounts/{account:path}/windows", response_model=Windows, summary="An account's behavior over time")
def list_windows(
    tenant: Reader,
    account: InPath,
    behavior: Annotated[str, Query(max_length=256, description="`*` counts every event once")] = ALL,
    since: Annotated[
        str | None, Query(alias="from", description="ISO date or datetime; 30 days back unless said")
    ] = None,
    until: Annotated[str | None, Query(alias="to", description="exclusive; now unless said")] = None,
    span: spans.SpanName = "day",
    days: Annotated[int, Query(ge=1, le=366, description="of a rolling span")] = 7,
    fill: Annotated[bool, Query(description="show empty spans too")] = False,
) -> Any:
    """Events, distinct users and value.

    Hours are UTC. Days are the account's local ones and start at the first UTC hour at or after local midnight. A
    rolling span gives a row for each day: the `days` days that end with it, its users counted once over all of them.
    """
    length = days if span == "rolling" else 1
    with tenant.reading() as (connection, workspace):
        number, zone = accounts.number_and_zone(connection, workspace, account)
        counted = windows.behavior_number(connection, workspace, behavior)
        edges = spans.edges(span, zone, since, until, to_ms(tenant.now), length)
        found = windows.spans(connection, workspace, number, counted, edges)
    found = windows.rolling(found, length) if span == "rolling" else found
    rows = [
        {"start": to_datetime(one.start), "events": one.events, "users": len(one.users), "value": one.value}
        for one in found
        if fill or one.events
    ]
    return {
        "account": account, "behavior": behavior, "span": span, "days": length, "time_zone": zone, "windows": rows
    }  # fmt: skip

"""Alerts: what fell, since when, against what, and who stopped."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Response
from pydantic import Field

from api.dependencies import InPath, Reader, Tenant
from api.models.alerts import Alert, AlertDetail
from api.models.common import Page, Paged, Word, shown
from api.spans import moments
from api.tags import tag_of
from schemas.alerts import Origin
from schemas.database import alerts_read
from schemas.database.alerts_read import AlertFilter, Sort
from schemas.playbooks import of_alert

router = APIRouter(prefix="/v1/alerts", tags=["alerts"])

_STATES = "^(open|pending|firing|acknowledged|snoozed|recovering|resolved|retracted)$"


class AlertQuery(Paged):
    """Which alerts; all that is asked must be met. `state=open` means neither resolved nor retracted."""

    state: Annotated[str, Field(pattern=_STATES)] | None = None
    kind: Word | None = None
    account: Word | None = None
    segment: Word | None = None
    origin: Origin | None = None
    csm: Word | None = None
    assignee: Word | None = None
    least: float | None = Field(None, alias="priority_from", description="the lowest priority that is shown")
    sort: Sort = Field("fired_at", description="the newest first, or the most urgent")
    silenced: bool | None = None
    since: Word | None = Field(None, alias="from", description="fired at or after: ISO date or datetime")
    until: Word | None = Field(None, alias="to", description="fired before")
    q: Word | None = Field(None, description="words of the sentence; the last may be a beginning")

    def filter(self) -> AlertFilter:
        """The same as the database reads it."""
        after, before = moments(self.since, self.until)
        said = self.model_dump(exclude={"limit", "cursor", "sort", "since", "until"})
        return AlertFilter(**said, since=after, until=before)


@router.get("", response_model=Page[Alert], summary="List alerts, the newest or the most urgent first")
def list_alerts(tenant: Reader, query: Annotated[AlertQuery, Query()]) -> Any:
    """Every alert of the workspace that meets all of what is asked."""
    with tenant.reading() as (connection, workspace):
        return shown(
            alerts_read.list_alerts(connection, workspace, query.filter(), query.limit, query.cursor, query.sort)
        )


@router.get("/{alert}", response_model=AlertDetail, summary="One alert with its evidence")
def get_alert(tenant: Reader, alert: InPath, response: Response) -> Any:
    """Expected and observed with the interval, since when, who stopped, the peers' change, and what became of it."""
    with tenant.reading() as (connection, workspace):
        found = alerts_read.alert(connection, workspace, alert)
    response.headers["ETag"] = tag_of(found["sequence"])
    return with_playbook(tenant, found)


def with_playbook(tenant: Tenant, alert: dict[str, Any]) -> dict[str, Any]:
    """An alert with what to do about its kind."""
    book = of_alert(tenant.playbooks, alert)
    return alert | {"playbook": None if book is None else msgspec.to_builtins(book)}

"""What people do about alerts: each action is a step of the alert's one history, with who took it and why.

An alert's ETag is its sequence; with `If-Match` an action is carried out only where nobody took a step meanwhile.
"""

from datetime import UTC
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Response

from api.dependencies import InPath, Tenant, Writer
from api.models.alerts import AlertDetail
from api.models.handling import ActedOnMany, Acting, ActingOnMany, Assigning, Judging, Snoozing
from api.once import OnceRoute
from api.routes.alerts import with_playbook
from api.tags import sequence_of, tag_of
from schemas.database import alerts_read, handling
from schemas.errors import DefinitionError
from schemas.handling import Action, Deed

router = APIRouter(prefix="/v1", tags=["alerts"], route_class=OnceRoute)

IfMatch = Annotated[str | None, Header(description="the ETag that was read; else the answer is 412", max_length=100)]


class On:
    """The alert that a request acts on."""

    def __init__(self, tenant: Writer, alert: InPath, response: Response, if_match: IfMatch = None) -> None:
        self.tenant = tenant
        self._alert, self._response, self._if_match = alert, response, if_match

    def act(self, action: Action, said: Acting | Judging) -> dict[str, Any]:
        """Carries it out; the alert as it is then."""
        with self.tenant.writing() as (connection, workspace):
            read_at = sequence_of(self._if_match)
            wish = deed(self.tenant, action, said)
            handling.act(connection, workspace, self._alert, wish, self.tenant.now, read_at)
            found = alerts_read.alert(connection, workspace, self._alert)
        self._response.headers["ETag"] = tag_of(found["sequence"])
        return with_playbook(self.tenant, found)


OnAlert = Annotated[On, Depends()]


@router.post("/alerts/{alert}/acknowledge", response_model=AlertDetail)
def acknowledge_alert(on: OnAlert, acting: Acting | None = None) -> Any:
    """Says that somebody is at it: it stays quiet, also when it gets worse, until it is resolved."""
    return on.act(Action.ACKNOWLEDGE, acting or Acting())


@router.post("/alerts/{alert}/snooze", response_model=AlertDetail)
def snooze_alert(on: OnAlert, snoozing: Snoozing | None = None) -> Any:
    """Keeps it quiet until a moment, or until it gets worse."""
    return on.act(Action.SNOOZE, snoozing or Snoozing())


@router.post("/alerts/{alert}/resolve", response_model=AlertDetail)
def resolve_alert(on: OnAlert, acting: Acting | None = None) -> Any:
    """Closes it; should it get worse, or fall again after recovering, it speaks again."""
    return on.act(Action.RESOLVE, acting or Acting())


@router.post("/alerts/{alert}/reopen", response_model=AlertDetail)
def reopen_alert(on: OnAlert, acting: Acting | None = None) -> Any:
    """Takes back that it was acknowledged, snoozed or closed."""
    return on.act(Action.REOPEN, acting or Acting())


@router.post("/alerts/{alert}/assign", response_model=AlertDetail)
def assign_alert(on: OnAlert, assigning: Assigning) -> Any:
    """Gives it to somebody, or to nobody."""
    return on.act(Action.ASSIGN, assigning)


@router.post("/alerts/{alert}/verdict", response_model=AlertDetail)
def judge_alert(on: OnAlert, judging: Judging) -> Any:
    """Says whether it was right. Verdicts tune the rule; they change nothing of this account's own thresholds."""
    return on.act(Action.VERDICT, judging)


@router.post("/alerts:bulk", response_model=ActedOnMany, summary="One action on many alerts")
def act_on_alerts(tenant: Writer, wanted: ActingOnMany) -> Any:
    """Carries it out on each where it is possible, in one transaction; of the others it says why not."""
    with tenant.writing() as (connection, workspace):
        wish = deed(tenant, wanted.action, wanted)
        found = handling.act_on_many(connection, workspace, wanted.alerts, wish, tenant.now)
    items = [{"id": one.id, "refused": one.refused} for one in found]
    return {"done": sum(one.refused is None for one in found), "items": items}


def actor_of(tenant: Tenant, person: str | None) -> str:
    """Whom the history names: the person where one is named, and always the key."""
    return f"{person} via {tenant.key.name}" if person else tenant.key.name


def deed(tenant: Tenant, action: Action, said: Acting | Judging) -> Deed:
    """What was said, as the alert's history takes it.

    Asked within the write: what was carried out before is answered as it was then, though its `until` has gone by.
    """
    until = getattr(said, "until", None)
    if until is not None and until <= tenant.now:
        raise DefinitionError("`until` is not in the future. Nothing was changed.")
    return Deed(
        action=action,
        actor=actor_of(tenant, said.actor),
        note=said.note if isinstance(said, Judging) else said.reason,
        until=until.astimezone(UTC) if until is not None and action == Action.SNOOZE else None,
        assignee=getattr(said, "assignee", None),
        verdict=getattr(said, "verdict", None),
    )

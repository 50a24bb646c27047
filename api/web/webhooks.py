"""The pages on webhooks: where messages go, how each endpoint does, what became of each try, and the buttons for it."""

from datetime import datetime
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from api.web.changing import Changer, Said, back_to
from api.web.pages import ROWS, Cursor, Visitor, onward
from api.web.rendering import render
from schemas.database import endpoints
from schemas.errors import NotFoundError
from schemas.keys import Scope

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_LOST: dict[str, Any] = {"webhook_id": None, "since": None, "until": None, "failed": True}
_FILTERS = {"event_types": "messages", "kinds": "kinds", "segments": "segments", "csms": "CSMs"}
_STATES = {"enable": "enabled", "disable": "disabled"}


@router.get("/webhooks")
def webhooks(request: Request, tenant: Visitor, cursor: Cursor = None) -> Response:
    """The endpoints, the oldest first."""
    with tenant.reading() as (connection, workspace):
        page = endpoints.list_endpoints(connection, workspace, ROWS, cursor)
    rows = [_listed(one, tenant.now) for one in page.items]
    return render(request, "webhooks.html", rows=rows, more=onward({}, page.next_cursor))


@router.get("/webhooks/{endpoint}")
def webhook(request: Request, tenant: Visitor, endpoint: str, cursor: Cursor = None) -> Response:
    """One endpoint with its tries, the newest first."""
    with tenant.reading() as (connection, workspace):
        one = endpoints.get_endpoint(connection, workspace, endpoint)
        page = endpoints.list_attempts(connection, workspace, endpoint, ROWS, cursor)
    may_act = Scope.MANAGE in tenant.key.scopes and one["state"] != "internal"
    return render(
        request,
        "webhook.html",
        one=_listed(one, tenant.now),
        tries=page.items,
        more=onward({}, page.next_cursor),
        may_act=may_act,
    )


@router.post("/webhooks/{endpoint}/{what}")
def act_on_webhook(tenant: Changer, endpoint: str, what: str, _: Said) -> Response:
    """Sends a test message, sends again what was lost, disables or enables."""
    with tenant.writing() as (connection, workspace):
        if what == "test":
            endpoints.send_test(connection, workspace, endpoint)
        elif what == "replay":
            endpoints.replay(connection, workspace, endpoint, _LOST)
        elif what in _STATES:
            endpoints.update_endpoint(connection, workspace, endpoint, {"state": _STATES[what]})
        else:
            raise NotFoundError(f"There is no action {what!r}.")
    return back_to(f"/webhooks/{quote(endpoint)}")


def _listed(one: dict[str, Any], now: datetime) -> dict[str, Any]:
    """An endpoint with what it hears and how it does in words."""
    heard = [f"{called}: {', '.join(one[name])}" for name, called in _FILTERS.items() if one[name]]
    heard += [f"priority from {one['least_priority']:,.0f}"] if one["least_priority"] else []
    paused = one["paused_until"] is not None and one["paused_until"] > now
    return one | {"heard": "; ".join(heard) or "everything", "paused": paused}

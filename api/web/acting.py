"""What people do on the pages: act on an alert, silence alerts. The same steps as the API's."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from api.web.changing import Changer, Said, back_to
from api.web.pages import ROWS, Cursor, Text, Visitor, onward
from api.web.rendering import render
from schemas.database import handling, muting, tasks, tuning
from schemas.errors import DefinitionError, NotFoundError
from schemas.handling import Action, Deed, Verdict
from schemas.keys import Scope
from schemas.silences import check, parse, written

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_LONGEST = 4096


@router.post("/alerts/{alert}/{action}")
def act(tenant: Changer, alert: str, action: str, said: Said) -> Response:
    """One action on one alert, by the key that is signed in."""
    if action not in tuple(Action):
        raise NotFoundError(f"There is no action {action!r}.")
    deed = _deed(Action(action), tenant.key.name, said, tenant.now)
    with tenant.writing() as (connection, workspace):
        handling.act(connection, workspace, alert, deed, tenant.now)
    return back_to(f"/alerts/{alert}")


@router.get("/silences")
def silences(request: Request, tenant: Visitor, matchers: Text = "", cursor: Cursor = None) -> Response:
    """The silences, and the form for another one."""
    with tenant.reading() as (connection, workspace):
        page = muting.list_silences(connection, workspace, None, ROWS, cursor)
    rows = [one | {"written": written(muting.matchers_of(one))} for one in page.items]
    return render(
        request, "silences.html", rows=rows, more=onward({}, page.next_cursor), matchers=matchers, now=tenant.now
    )


@router.post("/silences")
def add_silence(tenant: Changer, said: Said) -> Response:
    """Silences what was written, from now on."""
    matchers, days = parse(said.get("matchers", "")), said.get("days", "")
    check(matchers)
    if not days.isdecimal() or not 1 <= int(days) <= 366:
        raise DefinitionError("Say for how many days: 1 to 366. Nothing was kept.")
    if "comment" not in said:
        raise DefinitionError("Say why, for those who wonder later. Nothing was kept.")
    fields: dict[str, Any] = {"matchers": matchers, "starts_at": tenant.now, "author": tenant.key.name}
    fields |= {"ends_at": tenant.now + timedelta(days=int(days)), "comment": said["comment"][:_LONGEST]}
    with tenant.writing() as (connection, workspace):
        muting.create_silence(connection, workspace, fields, tenant.now)
    return back_to("/silences")


@router.post("/silences/{silence}/end")
def end_silence(tenant: Changer, silence: str, _: Said) -> Response:
    """Ends it now."""
    with tenant.writing() as (connection, workspace):
        muting.end_silence(connection, workspace, silence, tenant.now)
    return back_to("/silences")


@router.post("/tasks")
def open_task(tenant: Changer, said: Said) -> Response:
    """Opens a task on an alert."""
    alert, title = said.get("alert", ""), said.get("title", "")[:_LONGEST]
    if not title:
        raise DefinitionError("Say what is to be done. Nothing was kept.")
    fields = {"title": title, "alert": alert, "account": None, "assignee": said.get("assignee"), "due_at": None}
    with tenant.writing() as (connection, workspace):
        tasks.open_task(connection, workspace, fields, tenant.key.name)
    return back_to(f"/alerts/{quote(alert)}")


@router.post("/tasks/{task}/close")
def close_task(tenant: Changer, task: str, said: Said) -> Response:
    """Closes a task; a save that is claimed counts after the renewal."""
    fields = {"note": said.get("note"), "saved": "saved" in said}
    with tenant.writing() as (connection, workspace):
        tasks.close_task(connection, workspace, task, fields, tenant.key.name, tenant.now)
    return back_to(f"/alerts/{quote(said.get('alert', ''))}")


@router.get("/rules")
def rules(request: Request, tenant: Visitor) -> Response:
    """How right each rule is, and how it is tuned."""
    with tenant.reading() as (connection, workspace):
        found = tuning.list_rules(connection, workspace)
    return render(request, "rules.html", rules=found, may_act=Scope.MANAGE in tenant.key.scopes)


@router.post("/rules/{kind}/tune")
def tune(tenant: Changer, kind: str, _: Said) -> Response:
    """Tunes a rule as its verdicts suggest."""
    with tenant.writing() as (connection, workspace):
        tuning.tune(connection, workspace, kind, None, tenant.key.name, "as the verdicts suggest")
    return back_to("/rules")


@router.post("/rules/{kind}/untune")
def untune(tenant: Changer, kind: str, _: Said) -> Response:
    """Takes a rule's tuning back."""
    with tenant.writing() as (connection, workspace):
        tuning.tune(connection, workspace, kind, 1.0, tenant.key.name, "taken back")
    return back_to("/rules")


def _deed(action: Action, actor: str, said: dict[str, str], now: datetime) -> Deed:
    verdict = said.get("verdict")
    if (action == Action.VERDICT) != (verdict in tuple(Verdict)):
        raise DefinitionError("Choose a verdict: true, false or known. Nothing was changed.")
    return Deed(
        action=action,
        actor=actor,
        note=said["note"][:_LONGEST] if "note" in said else None,
        until=_until(said.get("until"), now) if action == Action.SNOOZE else None,
        assignee=said["assignee"][:256] if "assignee" in said else None,
        verdict=Verdict(verdict) if verdict else None,
    )


def _until(day: str | None, now: datetime) -> datetime | None:
    """The beginning (UTC) of a day that was chosen; none: until it gets worse."""
    if day is None:
        return None
    try:
        until = datetime.fromisoformat(day[:10]).replace(tzinfo=UTC)
    except ValueError:
        raise DefinitionError(f"{day[:40]!r} is no date. Nothing was changed.") from None
    if until <= now:
        raise DefinitionError("Choose a day to come. Nothing was changed.")
    return until

"""The pages: alerts, one alert with its evidence, accounts, one account; for a browser signed in with a key."""

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, FastAPI, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from api.dependencies import Held, Services, Tenant, current, known
from api.web import sessions, views
from api.web.forms import Posted
from api.web.rendering import render
from schemas.clock import wall_ms
from schemas.database import alerts_read, calibrations, digests, managers, tasks
from schemas.database.accounts import AccountFilter, Sort, list_accounts
from schemas.database.alerts_read import AlertFilter
from schemas.database.tasks import TaskFilter
from schemas.errors import EbbtideError
from schemas.keys import Key, Scope
from schemas.playbooks import of_alert

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

HOUR = 3600
ROWS = 50
Text = Annotated[str, Query(max_length=256)]
Cursor = Annotated[str | None, Query(max_length=2000)]


class SignInNeededError(EbbtideError):
    """Nobody is signed in."""


def visitor(request: Request, services: Held) -> Tenant:
    """The workspace of the key that this browser signed in with."""
    word = request.cookies.get(sessions.COOKIE, "")
    number = sessions.read(services.settings.api_session_secret, word, wall_ms())
    key = current(services.keys).by_id(number) if number is not None else None
    if key is None or Scope.READ not in key.scopes:
        raise SignInNeededError
    return Tenant(key, services)


Visitor = Annotated[Tenant, Depends(visitor)]


@router.get("/")
def home() -> Response:
    """The alerts. No address signs anybody in: a link could then lead a browser into another's workspace."""
    return RedirectResponse("/alerts", 303)


@router.get("/alerts")
def alerts(
    request: Request,
    tenant: Visitor,
    state: Text = "",
    origin: Text = "",
    q: Text = "",
    csm: Text = "",
    sort: alerts_read.Sort = "fired_at",
    cursor: Cursor = None,
) -> Response:
    """The newest alerts, or the most urgent."""
    wanted = AlertFilter(state=state or None, origin=origin or None, csm=csm or None, q=q or None)
    with tenant.reading() as (connection, workspace):
        page = alerts_read.list_alerts(connection, workspace, wanted, ROWS, cursor, sort)
    said: dict[str, Any] = {"state": state, "origin": origin, "q": q, "csm": csm, "sort": sort}
    rows = [views.listed(alert) for alert in page.items]
    return render(
        request,
        "alerts.html",
        rows=rows,
        more=onward(said | {"sort": "" if sort == "fired_at" else sort}, page.next_cursor),
        first=cursor is None,
        **said,
    )


@router.get("/alerts/{alert}")
def alert(request: Request, tenant: Visitor, alert: str) -> Response:
    """One alert with what it rests on."""
    with tenant.reading() as (connection, workspace):
        found = alerts_read.alert(connection, workspace, alert)
        chart = views.alert_chart(connection, workspace, found)
        work = tasks.list_tasks(connection, workspace, TaskFilter(alert=alert), ROWS, None).items
    more: dict[str, Any] = {"tasks": work, "book": of_alert(tenant.playbooks, found)}
    more["may_act"] = Scope.MANAGE in tenant.key.scopes
    return render(request, "alert.html", alert=views.listed(found), chart=chart, **more)


@router.get("/accounts")
def accounts(request: Request, tenant: Visitor, q: Text = "", sort: Sort = "arr", cursor: Cursor = None) -> Response:
    """The accounts, the largest first."""
    with tenant.reading() as (connection, workspace):
        page = list_accounts(connection, workspace, AccountFilter(q=q), sort, ROWS, cursor)
    said = {"q": q, "sort": sort}
    return render(request, "accounts.html", rows=page.items, more=onward(said, page.next_cursor), q=q, sort=sort)


@router.get("/accounts/{account:path}")
def account(request: Request, tenant: Visitor, account: str) -> Response:
    """One account with its people a day."""
    with tenant.reading() as (connection, workspace):
        found = views.account(connection, workspace, account, tenant.now)
    return render(request, "account.html", **found)


@router.get("/calibration")
def calibration(request: Request, tenant: Visitor) -> Response:
    """What the budget means: alerts a week, false ones among them, and the share of real drops found."""
    with tenant.reading() as (connection, workspace):
        found = calibrations.calibration(connection, workspace, tenant.now)
    return render(request, "calibration.html", **found)


@router.get("/digests")
def csms(request: Request, tenant: Visitor) -> Response:
    """Who looks after whom."""
    with tenant.reading() as (connection, workspace):
        return render(request, "digests.html", csms=managers.list_csms(connection, workspace))


@router.get("/digests/{csm:path}")
def digest(request: Request, tenant: Visitor, csm: str) -> Response:
    """A CSM's newest week."""
    with tenant.reading() as (connection, workspace):
        found = digests.newest_digest(connection, workspace, csm)
    return render(request, "digest.html", digest=digests.shown(found) | {"until": found.until})


@router.get("/docs")
def docs(request: Request) -> Response:
    """The API's own documentation, with every asset from here."""
    return render(request, "docs.html")


@router.get("/login")
def login(request: Request, then: Text = "/alerts") -> Response:
    """Asks for a key."""
    return render(request, "login.html", then=_local(then), wrong=None)


@router.post("/login")
def sign_in(request: Request, services: Held, form: Posted) -> Response:
    """Signs in with a typed key."""
    then = _local(form.get("then", ""))
    key = known(services.keys, form.get("key", "").strip())
    if key is None or Scope.READ not in key.scopes:
        wrong = "This key is not valid." if key is None else "This key may not read; use one with the scope read."
        return render(request, "login.html", 401, then=then, wrong=wrong)
    answer = RedirectResponse(then, 303)
    _remember(answer, services, key, secure=request.url.scheme == "https")
    return answer


@router.post("/logout")
def sign_out(form: Posted) -> Response:
    """Ends the session."""
    del form
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(sessions.COOKIE, httponly=True, samesite="strict")
    return answer


def _remember(answer: Response, services: Services, key: Key, *, secure: bool) -> None:
    seconds = services.settings.api_session_hours * HOUR
    word = sessions.issue(services.settings.api_session_secret, key.id, wall_ms() + seconds * 1000)
    answer.set_cookie(sessions.COOKIE, word, max_age=seconds, httponly=True, samesite="strict", secure=secure)


def _local(path: str) -> str:
    """The path, if it is one of ours; else the first page."""
    fine = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if fine else "/alerts"


def onward(said: dict[str, Any], cursor: str | None) -> str | None:
    """Where a list goes on, with what was asked; None where it ends."""
    return "?" + urlencode({k: v for k, v in said.items() if v} | {"cursor": cursor}) if cursor else None


def _to_login(request: Request, _: Exception) -> Response:
    then = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse("/login?" + urlencode({"then": then[:256]}), 303)


def install(app: FastAPI) -> None:
    """Sends visitors without a session to the sign-in page."""
    app.add_exception_handler(SignInNeededError, _to_login)

"""Templates: everything is escaped unless a template says otherwise, and none does."""

import secrets
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader

from api.web import sessions
from api.web.words import FILTERS

_environment = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters.update(FILTERS)


def render(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page. Every value is data: the templates escape it. Its forms' token is bound to a cookie of the browser."""
    known = sessions.word(request.cookies)
    word = known or secrets.token_urlsafe(32)
    token = sessions.form_token(request.app.state.services.settings.api_session_secret, word)
    page = _environment.get_template(template).render(path=request.url.path, token=token, **values)
    answer = HTMLResponse(page, status)
    if not known:
        secure = request.url.scheme == "https"
        answer.set_cookie(sessions.VISIT, word, httponly=True, samesite="strict", secure=secure)
    return answer

"""Templates: everything is escaped unless a template says otherwise, and none does."""

from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader

from api.web.words import FILTERS

_environment = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters.update(FILTERS)


def render(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page. Every value is data: the templates escape it."""
    page = _environment.get_template(template).render(path=request.url.path, **values)
    return HTMLResponse(page, status)

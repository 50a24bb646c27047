"""Every error as `application/problem+json` (RFC 9457): type, title, status, detail, and a stable `code`."""

from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException

from api.web.rendering import render
from schemas.errors import ChangedError, ConflictError, DefinitionError, EbbtideError, NotFoundError, UnavailableError

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER = "2"


class ForbiddenError(EbbtideError):
    """The key is valid but may not do this."""


class TooManyError(EbbtideError):
    """The key asks for more than it may, and may go on in `wait` seconds."""

    def __init__(self, wait: int) -> None:
        super().__init__(f"This key asks for more than it may; go on in {wait} s. Nothing of this request was kept.")
        self.headers = {"Retry-After": str(wait)}


class UnauthenticatedError(EbbtideError):
    """There is no valid key."""


_OURS: dict[type[EbbtideError], tuple[int, str]] = {
    UnauthenticatedError: (401, "unauthenticated"),
    ForbiddenError: (403, "forbidden"),
    NotFoundError: (404, "not_found"),
    TooManyError: (429, "rate_limited"),
    ConflictError: (409, "conflict"),
    ChangedError: (412, "changed"),
    DefinitionError: (422, "invalid"),
    UnavailableError: (503, "unavailable"),
}
_CODES = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    408: "too_slow",
    413: "too_large",
    415: "unsupported_media",
}


class Wrong(BaseModel):
    """One thing that is wrong with a request, and where."""

    where: str
    message: str


class Problem(BaseModel):
    """Why a request was not carried out."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:ebbtide:problem:not_found",
                    "title": "Not Found",
                    "status": 404,
                    "detail": "There is no account 'acme' in this workspace.",
                    "code": "not_found",
                }
            ]
        }
    )

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[Wrong] | None = None


def describe(error: Exception) -> Problem:
    """An error as a problem; what nobody foresaw says nothing of its inside."""
    if isinstance(error, RequestValidationError):
        return _invalid(error)
    if isinstance(error, HTTPException):
        return problem(error.status_code, _CODES.get(error.status_code, "error"), str(error.detail))
    for kind, (status, code) in _OURS.items():
        if isinstance(error, kind):
            return problem(status, code, str(error))
    return problem(500, "internal", "Something failed on our side; the log has it. Nothing of this request was kept.")


def problem(status: int, code: str, detail: str, errors: list[Wrong] | None = None) -> Problem:
    """A problem of that status; its title is the status's own phrase."""
    title = HTTPStatus(status).phrase
    return Problem(
        type=f"urn:ebbtide:problem:{code}", title=title, status=status, detail=detail, code=code, errors=errors
    )


def _invalid(error: RequestValidationError) -> Problem:
    wrong = [Wrong(where=".".join(str(part) for part in one["loc"]), message=one["msg"]) for one in error.errors()[:50]]
    said = "; ".join(f"{one.where}: {one.message}" for one in wrong[:3])
    return problem(422, "invalid", f"The request is not understood: {said}. Nothing of it was kept.", wrong)


def respond(found: Problem, headers: dict[str, str] | None = None) -> JSONResponse:
    """A problem as the answer to a request."""
    more = dict(headers or {})
    if found.status == 503:
        more["Retry-After"] = RETRY_AFTER
    if found.status == 401:
        more["WWW-Authenticate"] = "Bearer"
    content = found.model_dump(exclude_none=True)
    return JSONResponse(content, found.status, headers=more, media_type=MEDIA_TYPE)


async def handle(request: Request, error: Exception) -> Response:
    """FastAPI's handler for every exception: a problem, or a page where a browser asked for one."""
    found = describe(error)
    if found.status >= 500:
        route = getattr(request.scope.get("route"), "path_format", "other")  # the path holds ids
        log.error("request failed", route=route, status=found.status, exc_info=error)
    if not request.url.path.startswith("/v1/") and "text/html" in request.headers.get("accept", ""):
        return render(request, "error.html", found.status, problem=found)
    headers = getattr(error, "headers", None)
    return respond(found, dict(headers) if headers else None)


def install(app: FastAPI) -> None:
    """Makes every error of the app a problem."""
    for kind in (HTTPException, RequestValidationError, EbbtideError, Exception):
        app.add_exception_handler(kind, handle)


RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": Problem, "description": "The request can't be carried out", "content": {MEDIA_TYPE: {}}},
    "5XX": {"model": Problem, "description": "We can't carry it out now", "content": {MEDIA_TYPE: {}}},
}

"""Whether the process lives, whether it can answer, and what it measures."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from api.dependencies import Held
from api.problems import problem, respond
from schemas.database.status import is_migrated
from schemas.errors import UnavailableError

_WORRYING = 4.0  # seconds without a word of the database; a probe then takes none of its connections

router = APIRouter(include_in_schema=False)


@router.get("/livez")
async def livez() -> Response:
    """The process runs."""
    return PlainTextResponse("alive\n")


@router.get("/readyz")
def readyz(services: Held) -> Response:
    """The database answers and has the newest schema."""
    silence = services.database.pulse.silence
    if silence > _WORRYING:
        return respond(problem(503, "unavailable", f"The database has not answered for {silence:.0f} s."))
    try:
        with services.database.reading() as connection:
            migrated = is_migrated(connection)
    except UnavailableError as error:
        return respond(problem(503, "unavailable", str(error)))
    if not migrated:
        text = "The database lacks the newest schema; `ebbtide up` or a migration brings it there."
        return respond(problem(503, "not_migrated", text))
    return JSONResponse({"status": "ready"})


@router.get("/metrics")
async def metrics(services: Held) -> Response:
    """Prometheus's text format."""
    return Response(services.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

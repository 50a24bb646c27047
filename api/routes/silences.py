"""Silences: while one holds, nobody is notified of the alerts that it fits; they live on, and say which one it is."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query

from api.dependencies import InPath, Reader, Writer
from api.models.common import Page, Paged, shown
from api.models.silences import NewSilence, SilenceShown
from api.once import OnceRoute
from api.routes.handling import actor_of
from schemas.database import muting
from schemas.errors import DefinitionError
from schemas.silences import check

router = APIRouter(prefix="/v1/silences", tags=["silences"], route_class=OnceRoute)


class SilenceQuery(Paged):
    """Which silences."""

    state: Literal["pending", "active", "over"] | None = None


@router.get("", response_model=Page[SilenceShown])
def list_silences(tenant: Reader, query: Annotated[SilenceQuery, Query()]) -> Any:
    """Every silence, the one that ends last first."""
    with tenant.reading() as (connection, workspace):
        return shown(muting.list_silences(connection, workspace, query.state, query.limit, query.cursor))


@router.post("", response_model=SilenceShown, status_code=201)
def add_silence(tenant: Writer, silence: NewSilence) -> Any:
    """Silences what all matchers fit. What is still firing when it ends is told then."""
    matchers, starts_at = silence.as_matchers(), silence.starts_at or tenant.now
    check(matchers)
    fields = {
        "matchers": matchers,
        "starts_at": starts_at,
        "ends_at": silence.ends_at,
        "author": actor_of(tenant, silence.author),
        "comment": silence.comment,
    }
    with tenant.writing() as (connection, workspace):
        if silence.ends_at <= tenant.now:  # within the write: who sends it twice may come when it is over
            raise DefinitionError("`ends_at` is not in the future. Nothing was kept.")
        return muting.create_silence(connection, workspace, fields, tenant.now)


@router.get("/{silence}", response_model=SilenceShown)
def get_silence(tenant: Reader, silence: InPath) -> Any:
    """One silence."""
    with tenant.reading() as (connection, workspace):
        return muting.get_silence(connection, workspace, silence)


@router.delete("/{silence}", response_model=SilenceShown)
def end_silence(tenant: Writer, silence: InPath) -> Any:
    """Ends it now; it stays in the list."""
    with tenant.writing() as (connection, workspace):
        return muting.end_silence(connection, workspace, silence, tenant.now)

"""Attention: who is notified when and of how much, and what each CSM's week came to."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response

from api.dependencies import InPath, Reader, Writer
from api.models.attention import Csms, CsmShown, CsmWanted, DigestShown
from api.models.common import Page, Paged, Word
from api.once import OnceRoute
from schemas.database import digests, managers
from schemas.digests import as_html, as_text

router = APIRouter(prefix="/v1", tags=["attention"], route_class=OnceRoute)
_TEXTS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/html": {"schema": {"type": "string"}}, "text/plain": {"schema": {"type": "string"}}}}
}


class DigestQuery(Paged):
    """Whose digests."""

    csm: Word | None = None


@router.get("/csms", response_model=Csms)
def list_csms(tenant: Reader) -> Any:
    """Each CSM with their accounts, their open alerts and what they want of notifications."""
    with tenant.reading() as (connection, workspace):
        return {"items": managers.list_csms(connection, workspace)}


@router.put("/csms/{csm:path}", response_model=CsmShown)
def put_csm(tenant: Writer, csm: InPath, wanted: CsmWanted) -> Any:
    """Says when a CSM is notified, and of how many new alerts a week one by one; the rest comes with the digest."""
    with tenant.writing() as (connection, workspace):
        return managers.put_csm(connection, workspace, csm, wanted.model_dump())


@router.get("/digests", response_model=Page[DigestShown])
def list_digests(tenant: Reader, query: Annotated[DigestQuery, Query()]) -> Any:
    """Weekly digests, the newest first."""
    with tenant.reading() as (connection, workspace):
        page = digests.list_digests(connection, workspace, query.csm, query.limit, query.cursor)
    return {"items": [one["content"] for one in page.items], "next_cursor": page.next_cursor}


@router.get("/digests/{csm:path}", response_model=DigestShown, responses=_TEXTS)
def get_digest(tenant: Reader, csm: InPath, form: Literal["json", "html", "text"] = "json") -> Any:
    """A CSM's newest digest: as data, or as what is mailed."""
    with tenant.reading() as (connection, workspace):
        found = digests.newest_digest(connection, workspace, csm)
    if form == "json":
        return digests.shown(found)
    made = as_html(found) if form == "html" else as_text(found)
    return Response(made, media_type=f"text/{'html' if form == 'html' else 'plain'}; charset=utf-8")

"""What the workspace is made of: segments, releases, and how far all of it is evaluated."""

from typing import Any

from fastapi import APIRouter

from api.dependencies import Paging, Reader, Writer
from api.models.calibration import Calibration
from api.models.catalog import ReleaseShown, Segments, Status
from api.models.common import Page, shown
from api.once import OnceRoute
from schemas.accounts import Release
from schemas.database import calibrations, releases, segments, status

router = APIRouter(prefix="/v1", tags=["workspace"], route_class=OnceRoute)


@router.get("/segments", response_model=Segments)
def list_segments(tenant: Reader) -> Any:
    """Each band of each dimension with its accounts, their ARR, and its open alerts."""
    with tenant.writing() as (connection, workspace):
        return {"items": segments.list_segments(connection, workspace)}


@router.get("/calibration", response_model=Calibration, summary="What the false-alarm budget means here")
def get_calibration(tenant: Reader) -> Any:
    """Alerts a week in total and per CSM, false ones among them, the share of real drops found, and who is judged."""
    with tenant.reading() as (connection, workspace):
        return calibrations.calibration(connection, workspace, tenant.now)


@router.get("/releases", response_model=Page[ReleaseShown])
def list_releases(tenant: Reader, paging: Paging) -> Any:
    """Marked releases, the newest first."""
    with tenant.reading() as (connection, workspace):
        return shown(releases.list_releases(connection, workspace, paging.limit, paging.cursor))


@router.post("/releases", response_model=ReleaseShown, status_code=201)
def add_release(tenant: Writer, release: Release) -> Any:
    """Marks a release, so that what changes after it can be told from what customers decide."""
    fields = release.model_dump() | {"released_at": release.released_at or tenant.now}
    with tenant.writing() as (connection, workspace):
        return releases.put_release(connection, workspace, fields)


@router.get("/status", response_model=Status)
def get_status(tenant: Reader) -> Any:
    """The watermark, each partition's lag, how far this workspace is evaluated, and counts."""
    now = tenant.now
    with tenant.reading() as (connection, workspace):
        found = status.status(connection, workspace)
    for one in found["partitions"]:
        beat = one["heartbeat_at"]
        one["lag_seconds"] = None if beat is None else round((now - beat).total_seconds(), 3)
    return found | {"now": now}

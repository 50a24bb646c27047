"""API keys of the workspace. A key's secret is shown once, when it is made."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path

from api.dependencies import Admin, AdminWriter, Held
from api.models.keys import KeyMade, Keys, NewKey, Rotation
from api.once import OnceRoute
from schemas.database import keys
from schemas.errors import NotFoundError
from schemas.keys import prefix_of

router = APIRouter(prefix="/v1/keys", tags=["keys"], route_class=OnceRoute)
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]


@router.get("", response_model=Keys)
def list_keys(tenant: Admin) -> Any:
    """Every key, the newest first, without secrets."""
    with tenant.reading() as (connection, workspace):
        return {"items": keys.list_keys(connection, workspace)}


@router.post("", response_model=KeyMade, status_code=201)
def add_key(tenant: AdminWriter, key: NewKey, services: Held) -> Any:
    """Makes a key with these scopes; it works at once."""
    with tenant.writing() as (connection, workspace):
        secret = keys.add_key(connection, workspace, key.scopes, key.name, key.per_second)
    services.keys.refresh()
    return {"name": key.name, "scopes": key.scopes, "prefix": prefix_of(secret), "key": secret}


@router.post("/{key}/rotate", response_model=KeyMade, status_code=201)
def rotate_key(tenant: AdminWriter, key: Number, wanted: Rotation, services: Held) -> Any:
    """Makes a key of the same name and scopes; both work until `overlap_seconds` have passed, then the new one only."""
    with tenant.writing() as (connection, workspace):
        made = keys.rotate_key(connection, workspace, key, timedelta(seconds=wanted.overlap_seconds))
    services.keys.refresh()
    return {"name": made.name, "scopes": made.scopes, "prefix": prefix_of(made.secret), "key": made.secret}


@router.delete("/{key}", status_code=204)
def revoke_key(tenant: AdminWriter, key: Number, services: Held) -> None:
    """Ends a key: at once here, within 5 seconds everywhere."""
    with tenant.writing() as (connection, workspace):
        if not keys.revoke_key(connection, workspace, key):
            raise NotFoundError(f"There is no valid key {key} in this workspace.")
    services.keys.refresh()

"""API keys of the workspace. A key's secret is shown once, when it is made."""

from typing import Annotated, Any

from fastapi import APIRouter, Path

from api.dependencies import Admin, Held
from api.models.operations import KeyMade, Keys, NewKey
from schemas.database import keys
from schemas.errors import NotFoundError
from schemas.keys import prefix_of

router = APIRouter(prefix="/v1/keys", tags=["keys"])


@router.get("", response_model=Keys)
def list_keys(tenant: Admin) -> Any:
    """Every key, the newest first, without secrets."""
    with tenant.reading() as (connection, workspace):
        return {"items": keys.list_keys(connection, workspace)}


@router.post("", response_model=KeyMade, status_code=201)
def add_key(tenant: Admin, key: NewKey, services: Held) -> Any:
    """Makes a key with these scopes; it works at once."""
    secret = keys.create_key(services.database.engine, tenant.workspace, key.scopes, key.name)
    services.keyring.forget()
    return {"name": key.name, "scopes": key.scopes, "prefix": prefix_of(secret), "key": secret}


@router.delete("/{key}", status_code=204)
def revoke_key(tenant: Admin, key: Annotated[int, Path(ge=1, le=2**31 - 1)], services: Held) -> None:
    """Ends a key: at once here, within 3 seconds everywhere."""
    with tenant.writing() as (connection, workspace):
        if not keys.revoke_key(connection, workspace, key):
            raise NotFoundError(f"There is no valid key {key} in this workspace.")
    services.keyring.forget()

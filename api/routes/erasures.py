"""Erasing a person (GDPR, article 17), and the receipts of it."""

import secrets
from typing import Any

from fastapi import APIRouter

from api.dependencies import Admin, AdminWriter, InPath
from api.models.people import Erasure, Erasures
from api.once import OnceRoute
from schemas.clock import to_datetime, wall_ms
from schemas.database import erasing

router = APIRouter(prefix="/v1", tags=["users"], route_class=OnceRoute)


@router.post("/users/{user:path}/erase", response_model=Erasure, summary="Erase a person")
def erase_user(tenant: AdminWriter, user: InPath) -> Any:
    """Erases the person behind an id: every id, what is known of them, and where alerts and messages name them.

    What they did stays counted, as nobody's, now and in every rebuild. Erasing again is fine. The receipt names nobody.
    """
    with tenant.writing(beyond=True) as (connection, workspace):  # every worker reads anew what it prepared
        actor, receipt = f"key {tenant.key.id}", secrets.token_hex(8)
        return erasing.erase(connection, workspace, user, actor, receipt, to_datetime(wall_ms()))


@router.get("/erasures", response_model=Erasures)
def list_erasures(tenant: Admin) -> Any:
    """The receipts, the newest first."""
    with tenant.reading() as (connection, workspace):
        return {"items": erasing.list_erasures(connection, workspace)}

"""Which ids are one person: joined and taken back. Windows are resolved when they are read, so nothing is rebuilt."""

from typing import Annotated, Any

from fastapi import APIRouter, Path

from api.dependencies import InPath, Reader, Writer
from api.models.people import NewIdentity, Person
from api.once import OnceRoute
from schemas.database import identities

router = APIRouter(prefix="/v1/users", tags=["users"], route_class=OnceRoute)


@router.get("/{user:path}/identities", response_model=Person, summary="The ids of one person")
def list_identities(tenant: Reader, user: InPath) -> Any:
    """Every id that is one person with this one, the id that stands for all of them, and what was said about that."""
    with tenant.reading() as (connection, workspace):
        return identities.ids_of(connection, workspace, user)


@router.post("/{user:path}/identities", response_model=Person, status_code=201, summary="Join an id to a person")
def add_identity(tenant: Writer, user: InPath, identity: NewIdentity) -> Any:
    """Says that `previous` became this user. Both are counted as one person from now on, over all of the past too."""
    with tenant.writing() as (connection, workspace):
        identities.merge(connection, workspace, user, identity.previous, tenant.now)
        return identities.ids_of(connection, workspace, user)


@router.delete("/{user:path}/identities/{previous:path}", response_model=Person, summary="Take an id from a person")
def remove_identity(tenant: Writer, user: InPath, previous: Annotated[str, Path(min_length=1, max_length=256)]) -> Any:
    """Takes back that two ids are one person's. An `alias` call of before, sent again, does not join them again."""
    with tenant.writing() as (connection, workspace):
        identities.unmerge(connection, workspace, user, previous, tenant.now)
        return identities.ids_of(connection, workspace, user)

"""Behaviors: what is counted, and declaring more than the file does."""

from typing import Any

from fastapi import APIRouter

from api.dependencies import InPath, Reader, Writer
from api.models.behaviors import Behavior, Behaviors, Declaration
from api.once import OnceRoute
from schemas.accounts import storable
from schemas.behaviors import define
from schemas.database import declaring
from schemas.errors import DefinitionError

router = APIRouter(prefix="/v1/behaviors", tags=["workspace"], route_class=OnceRoute)


@router.get("", response_model=Behaviors)
def list_behaviors(tenant: Reader) -> Any:
    """Each behavior that is counted or being built."""
    with tenant.reading() as (connection, workspace):
        return {"items": declaring.list_behaviors(connection, workspace)}


@router.put("/{behavior:path}", response_model=Behavior)
def put_behavior(tenant: Writer, behavior: InPath, declaration: Declaration) -> Any:
    """Declares a behavior, as one of `behaviors.yaml`, or changes it.

    What counts other events than before is built from the topic's beginning first; until then the one before it counts.
    One that the file declares can be changed there only (409).
    """
    what = f"behavior {behavior!r}"
    if declaration.get("name", behavior) != behavior:
        raise DefinitionError(f"{what}: `name` is {declaration['name']!r}; leave it out, or say it as in the address.")
    try:
        storable([behavior, declaration])
    except ValueError as error:
        raise DefinitionError(f"{what} can't be kept: {error}.") from error
    definition = define({**declaration, "name": behavior}, what)
    with tenant.writing() as (connection, workspace):
        return declaring.declare(connection, workspace, definition)


@router.delete("/{behavior:path}", status_code=204)
def delete_behavior(tenant: Writer, behavior: InPath) -> None:
    """Ends a behavior that was declared here; alerts about it stay."""
    with tenant.writing() as (connection, workspace):
        declaring.withdraw(connection, workspace, behavior)

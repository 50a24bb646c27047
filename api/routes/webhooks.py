"""Webhook endpoints: where alerts are sent, and what became of it."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from api.dependencies import InPath, Paging, Reader, Writer
from api.models.common import Page, shown
from api.models.webhooks import (
    Attempt,
    Endpoint,
    EndpointMade,
    EndpointPatch,
    EndpointQuery,
    EventTypeList,
    NewEndpoint,
    Replayed,
    ReplayWanted,
    Tested,
)
from api.once import OnceRoute
from schemas.database import endpoints
from schemas.messages import TYPES, schema_of

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"], route_class=OnceRoute)


@router.get("", response_model=Page[Endpoint])
def list_webhooks(tenant: Reader, query: Annotated[EndpointQuery, Query()]) -> Any:
    """The workspace's endpoints, the oldest first, without secrets."""
    equal = {"state": query.state, "receiver": query.receiver}
    with tenant.reading() as (connection, workspace):
        return shown(endpoints.list_endpoints(connection, workspace, query.limit, query.cursor, **equal))


@router.get("/event-types", response_model=EventTypeList)
def list_event_types(_: Reader) -> Any:
    """Every type of message with its version and its JSON schema; messages on topic `alerts` are the same."""
    shown = [
        {"type": one.name, "version": one.version, "says": one.says, "json_schema": schema_of(one.name)}
        for one in TYPES.values()
    ]
    return {"items": shown}


@router.get("/{endpoint}", response_model=Endpoint)
def get_webhook(tenant: Reader, endpoint: InPath) -> Any:
    """One endpoint, without its secret."""
    with tenant.reading() as (connection, workspace):
        return endpoints.get_endpoint(connection, workspace, endpoint)


@router.post("", response_model=EndpointMade, status_code=201)
def add_webhook(tenant: Writer, endpoint: NewEndpoint) -> Any:
    """Adds an endpoint; its secret is shown this once. Payloads are signed as Standard Webhooks says."""
    with tenant.writing() as (connection, workspace):
        return endpoints.create_endpoint(connection, workspace, endpoint.model_dump())


@router.patch("/{endpoint}", response_model=Endpoint)
def change_webhook(tenant: Writer, endpoint: InPath, patch: EndpointPatch) -> Any:
    """Changes what is named."""
    fields = patch.model_dump(exclude_unset=True)
    fields = {name: value for name, value in fields.items() if value is not None or name == "description"}
    with tenant.writing() as (connection, workspace):
        return endpoints.update_endpoint(connection, workspace, endpoint, fields)


@router.post("/{endpoint}/rotate", response_model=EndpointMade)
def rotate_webhook(tenant: Writer, endpoint: InPath) -> Any:
    """Gives new keys, shown this once; for 24 hours messages are signed with the old ones too."""
    with tenant.writing() as (connection, workspace):
        return endpoints.rotate(connection, workspace, endpoint)


@router.post("/{endpoint}/test", response_model=Tested, status_code=202)
def test_webhook(tenant: Writer, endpoint: InPath) -> Any:
    """Sends a message of type endpoint.test, whatever the endpoint filters."""
    with tenant.writing() as (connection, workspace):
        return {"webhook_id": endpoints.send_test(connection, workspace, endpoint)}


@router.post("/{endpoint}/replay", response_model=Replayed, status_code=202)
def replay_webhooks(tenant: Writer, endpoint: InPath, wanted: ReplayWanted) -> Any:
    """Sends finished messages again, in order, with the webhook-id they had."""
    with tenant.writing() as (connection, workspace):
        return {"messages": endpoints.replay(connection, workspace, endpoint, wanted.model_dump())}


@router.delete("/{endpoint}", status_code=204)
def delete_webhook(tenant: Writer, endpoint: InPath) -> None:
    """Removes an endpoint and what still waits for it."""
    with tenant.writing() as (connection, workspace):
        endpoints.delete_endpoint(connection, workspace, endpoint)


@router.get("/{endpoint}/attempts", response_model=Page[Attempt])
def list_attempts(tenant: Reader, endpoint: InPath, paging: Paging) -> Any:
    """Each try to deliver, the newest first."""
    with tenant.reading() as (connection, workspace):
        return shown(endpoints.list_attempts(connection, workspace, endpoint, paging.limit, paging.cursor))

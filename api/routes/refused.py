"""What could not be counted: kept as it came, with the reason, to mend and send again."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from api.dependencies import Reader
from api.models.common import Page, Paged, Word, shown
from api.models.operations import Rejected, Replay
from schemas.database import refused

router = APIRouter(prefix="/v1/rejected", tags=["rejected"])

HOW = (
    "Mend what `message` of GET /v1/rejected names and send the event to the collector's POST /v1/track (or the route "
    "it came by) with your write key. Keep its messageId: if it was counted after all, it is not counted twice."
)


class RejectedQuery(Paged):
    """Which refused events; `code` narrows them to one reason."""

    code: Word | None = None


@router.get("", response_model=Page[Rejected])
def list_rejected(tenant: Reader, query: Annotated[RejectedQuery, Query()]) -> Any:
    """Refused events, the newest first."""
    with tenant.reading() as (connection, workspace):
        return shown(refused.list_rejected(connection, workspace, query.code, query.limit, query.cursor))


@router.post("/{number}/replay", response_model=Replay)
def replay(tenant: Reader, number: Annotated[int, Path(ge=1, le=2**63 - 1)]) -> Any:
    """The event as it came, and how to send it again."""
    with tenant.reading() as (connection, workspace):
        found = refused.rejected_event(connection, workspace, number)
    return {"id": number, "raw": found["raw"], "raw_encoding": found["raw_encoding"], "how": HOW}

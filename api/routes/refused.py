"""What could not be counted: kept as it came, with the reason, to mend and send again."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from api.dependencies import Reader
from api.models.common import Page, Paged, Word, shown
from api.models.refused import Rejected, Replay
from schemas.database import refused

router = APIRouter(prefix="/v1/rejected", tags=["rejected"])

HOW = (
    "POST /v1/rejected/{id}/replay on the collector, with your write key, takes it once more as it is. With a body it "
    "takes that in its place: the event with what `message` names mended. However often: it is counted once."
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

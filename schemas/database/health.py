"""Endpoints' health: since when one fails, how long it wants nothing, and its end after days of failing."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Connection, Update, func, select, update

from schemas.database.notices import tell_disabled
from schemas.database.tables import endpoints, outbox
from schemas.webhooks import Attempt

FAILING = timedelta(days=5)  # an endpoint that only failed for so long is disabled


def judge(connection: Connection, made: Sequence[tuple[str, Attempt]]) -> None:
    """Takes in what became of attempts, each with its endpoint; nearly always there is nothing to write."""
    touched = sorted({endpoint for endpoint, _ in made})
    query = select(endpoints.c.id, endpoints.c.failing_since).where(
        endpoints.c.id == func.any(touched), endpoints.c.state == "enabled"
    )
    for endpoint, failing_since in connection.execute(query.order_by(endpoints.c.id)).all():
        failed = [attempt for to, attempt in made if to == endpoint and not attempt.delivered]
        well = any(attempt.delivered for to, attempt in made if to == endpoint)
        if well and failing_since is not None:
            connection.execute(_of(endpoint).values(failing_since=None))
        if failed:
            _note_failures(connection, endpoint, failed, well)


def hold(connection: Connection, endpoint: str) -> None:
    """Keeps what waits for an endpoint that is disabled, for a replay."""
    free = select(outbox.c.id).where(outbox.c.endpoint == endpoint, outbox.c.state == "waiting")
    ids = list(connection.scalars(free.with_for_update(skip_locked=True)))
    if ids:
        connection.execute(update(outbox).where(outbox.c.id == func.any(ids)).values(state="held"))


def release(connection: Connection, endpoint: str) -> None:
    """Sends of what was held the rest of every story whose beginning was delivered; the others wait for a replay."""
    begun = outbox.alias()
    told = select(begun.c.id).where(
        begun.c.endpoint == endpoint, begun.c.episode == outbox.c.episode, begun.c.state == "delivered"
    )
    held = update(outbox).where(outbox.c.endpoint == endpoint, outbox.c.state == "held", told.exists())
    connection.execute(held.values(state="waiting", attempts=0, next_attempt_at=func.now()))


def _note_failures(connection: Connection, endpoint: str, failed: Sequence[Attempt], well: bool) -> None:
    """`well`: others went well meanwhile. An endpoint that is gone, or failed for FAILING, is disabled."""
    pause = max(attempt.pause for attempt in failed)
    if pause:
        connection.execute(_of(endpoint).values(paused_until=func.now() + timedelta(seconds=pause)))
    if not well:
        first = _of(endpoint).where(endpoints.c.failing_since.is_(None))
        connection.execute(first.values(failing_since=func.now()))
    spent = endpoints.c.failing_since < func.now() - FAILING
    gone = any(attempt.disable for attempt in failed)
    ended = _of(endpoint).where(endpoints.c.state == "enabled", spent | gone)
    if connection.execute(ended.values(state="disabled").returning(endpoints.c.id)).first() is not None:
        hold(connection, endpoint)
        tell_disabled(connection, endpoint, failed[-1].error or "it failed for five days")


def _of(endpoint: str) -> Update:
    return update(endpoints).where(endpoints.c.id == endpoint)

"""The outbox: leasing what is due, in order within each episode, and noting what became of every attempt."""

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, func, insert, select, text, update

from schemas.database.notices import tell_disabled
from schemas.database.tables import attempts, endpoints, outbox

LEASE = timedelta(seconds=60)
FAILING = timedelta(days=5)  # an endpoint that only failed for so long is disabled
AT_ONCE = 8  # messages under way to one endpoint: a slow one holds no more than these

# Due, not leased, and nothing of the same endpoint and episode before it unfinished.
_LEASE = text("""
    WITH due AS (
        SELECT o.id, row_number() OVER (PARTITION BY o.endpoint ORDER BY o.next_attempt_at, o.id) AS place
        FROM outbox o
        WHERE o.state = 'waiting' AND o.next_attempt_at <= now() AND (o.leased_until IS NULL OR o.leased_until < now())
          AND NOT EXISTS (
            SELECT FROM outbox e WHERE e.endpoint = o.endpoint AND e.episode = o.episode
                                   AND e.sequence < o.sequence AND e.state = 'waiting')
    ), taken AS (
        SELECT o.id FROM outbox o JOIN due USING (id)
        WHERE due.place + (SELECT count(*) FROM outbox l WHERE l.endpoint = o.endpoint AND l.state = 'waiting'
                                                          AND l.leased_until > now()) <= :at_once
          AND o.state = 'waiting' AND (o.leased_until IS NULL OR o.leased_until < now())
        ORDER BY o.next_attempt_at LIMIT :limit
        FOR UPDATE OF o SKIP LOCKED
    )
    UPDATE outbox SET leased_until = now() + :lease, attempts = outbox.attempts + 1
    FROM taken, endpoints
    WHERE outbox.id = taken.id AND endpoints.id = outbox.endpoint
    RETURNING outbox.id, outbox.endpoint, outbox.webhook_id, outbox.payload, outbox.attempts, outbox.episode,
              outbox.recorded_at, endpoints.url, endpoints.state, array_remove(ARRAY[
                endpoints.secret, endpoints.signing_key,
                CASE WHEN endpoints.old_until > now() THEN endpoints.old_secret END,
                CASE WHEN endpoints.old_until > now() THEN endpoints.old_signing_key END], NULL)
""").bindparams(bindparam("lease"), bindparam("at_once"), bindparam("limit"))


class Message(NamedTuple):
    """One leased message; `attempts` counts this one too."""

    id: int
    endpoint: str
    webhook_id: str
    payload: str
    attempts: int
    episode: str
    recorded_at: datetime
    url: str
    endpoint_state: str
    keys: list[str]


class Attempt(NamedTuple):
    """What became of an attempt. `retry_in` None with `delivered` false: given up."""

    status: int | None
    seconds: float
    error: str | None
    response: str | None
    delivered: bool
    retry_in: float | None = None
    disable: bool = False


def lease(connection: Connection, limit: int) -> list[Message]:
    """Up to `limit` due messages, ours for a minute."""
    values = {"lease": LEASE, "at_once": AT_ONCE, "limit": limit}
    return [Message(*row) for row in connection.execute(_LEASE, values)]


def note(connection: Connection, message: Message, attempt: Attempt) -> None:
    """Logs the attempt, and moves the message on: delivered, failed (which releases the next), or due again later."""
    connection.execute(
        insert(attempts).values(
            outbox=message.id,
            status=attempt.status,
            seconds=attempt.seconds,
            error=attempt.error,
            response=attempt.response,
        )
    )
    state = "delivered" if attempt.delivered else "waiting" if attempt.retry_in is not None else "failed"
    later = func.now() + timedelta(seconds=attempt.retry_in or 0)
    connection.execute(
        update(outbox)
        .where(outbox.c.id == message.id, outbox.c.state == "waiting")
        .values(state=state, leased_until=None, next_attempt_at=later)
    )
    _judge_health(connection, message, attempt)


def _judge_health(connection: Connection, message: Message, attempt: Attempt) -> None:
    """Keeps since when an endpoint fails; disables one that is gone or failed for FAILING, and tells the others."""
    if message.endpoint_state == "disabled":
        return
    one = endpoints.c.id == message.endpoint
    if attempt.delivered:  # nearly always: no row is written then
        recovered = update(endpoints).where(one, endpoints.c.failing_since.is_not(None))
        connection.execute(recovered.values(failing_since=None))
        return
    first = update(endpoints).where(one, endpoints.c.failing_since.is_(None))
    connection.execute(first.values(failing_since=func.now()))
    spent = endpoints.c.failing_since < func.now() - FAILING
    ended = update(endpoints).where(one, endpoints.c.state == "enabled", spent | attempt.disable)
    if connection.execute(ended.values(state="disabled").returning(endpoints.c.id)).first() is not None:
        tell_disabled(connection, message.endpoint, attempt.error or "it failed for five days")


def waiting(connection: Connection) -> int:
    """How many messages are not finished."""
    return int(connection.scalar(select(func.count()).where(outbox.c.state == "waiting")) or 0)

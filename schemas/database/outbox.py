"""The outbox: leasing what is due, in order within each episode, and noting what became of every attempt.

Each endpoint has a lane of its own: how many of its messages are under way at once. A lane takes nothing of another's,
so a receiver that hangs delays only its own messages; one that fails gets a single message until it answers well.
"""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Connection, bindparam, delete, func, insert, select, text, union

from schemas.database.health import judge
from schemas.database.tables import attempts, outbox
from schemas.webhooks import Attempt, Message

LEASE = timedelta(seconds=60)
LANE = 8  # messages under way to one endpoint
TOPIC_LANE = 256  # and to topic `alerts`
HELD = 10_000  # messages kept for a disabled endpoint: the newest
_STEP = 5000

# Due, not leased, and nothing before it unfinished of the same episode, or of another on the same fingerprint; of each
# lane as many as it has room for, the first of every lane before the second of any.
_LEASE = text("""
    WITH lanes AS (
        SELECT e.id, CASE WHEN e.state = 'internal' THEN :topic_lane
                          WHEN e.failing_since IS NOT NULL THEN 1 ELSE :lane END
                   - (SELECT count(*) FROM outbox l WHERE l.endpoint = e.id AND l.leased_until > now()) AS room
        FROM endpoints e
        WHERE e.state IN ('enabled', 'internal') AND (e.paused_until IS NULL OR e.paused_until <= now())
    ), due AS (
        SELECT first.id, row_number() OVER (PARTITION BY lanes.id ORDER BY first.next_attempt_at, first.id) AS place
        FROM lanes CROSS JOIN LATERAL (
            SELECT o.id, o.next_attempt_at FROM outbox o
            WHERE o.endpoint = lanes.id AND o.state = 'waiting' AND o.next_attempt_at <= now()
              AND (o.leased_until IS NULL OR o.leased_until <= now())
              AND NOT EXISTS (
                SELECT FROM outbox e WHERE e.endpoint = o.endpoint AND e.episode = o.episode
                                       AND e.sequence < o.sequence AND e.state = 'waiting')
              AND NOT EXISTS (
                SELECT FROM outbox e WHERE e.endpoint = o.endpoint AND e.fingerprint = o.fingerprint
                                       AND e.id < o.id AND e.state = 'waiting')
            ORDER BY o.next_attempt_at, o.id LIMIT greatest(lanes.room, 0)
        ) first
    ), taken AS (
        SELECT o.id FROM outbox o JOIN due USING (id)
        WHERE o.state = 'waiting' AND (o.leased_until IS NULL OR o.leased_until <= now())
        ORDER BY due.place, o.next_attempt_at LIMIT :limit
        FOR UPDATE OF o SKIP LOCKED
    )
    UPDATE outbox SET leased_until = now() + :lease, attempts = outbox.attempts + 1
    FROM taken, endpoints
    WHERE outbox.id = taken.id AND endpoints.id = outbox.endpoint
    RETURNING outbox.id, outbox.endpoint, outbox.webhook_id, outbox.payload, outbox.attempts,
              coalesce(outbox.fingerprint, outbox.episode),
              endpoints.receiver, endpoints.options, endpoints.url,
              array_remove(ARRAY[endpoints.secret, endpoints.signing_key] || (
                SELECT array_agg(key ORDER BY k.id DESC) FROM old_keys k, unnest(ARRAY[k.secret, k.signing_key]) key
                WHERE k.endpoint = endpoints.id AND k.until > now()), NULL), outbox.workspace
""").bindparams(*map(bindparam, ("lease", "lane", "topic_lane", "limit")))

# What was delivered stays delivered, and what is held is not sent again, whatever a late answer says.
_MOVE = text("""
    UPDATE outbox SET leased_until = NULL, next_attempt_at = now() + told.later * interval '1 second',
        state = CASE WHEN outbox.state = 'waiting' OR told.state = 'delivered' THEN told.state ELSE outbox.state END
    FROM unnest(CAST(:ids AS bigint[]), CAST(:states AS text[]), CAST(:laters AS float8[])) AS told (id, state, later)
    WHERE outbox.id = told.id
    RETURNING outbox.id
""")


def lease(connection: Connection, limit: int, lane: int = LANE) -> list[Message]:
    """Up to `limit` due messages, ours for a minute; at most `lane` of one endpoint are under way then."""
    values = {"lease": LEASE, "lane": lane, "topic_lane": TOPIC_LANE, "limit": limit}
    return [Message(*row) for row in connection.execute(_LEASE, values)]


def note(connection: Connection, finished: Sequence[tuple[Message, Attempt]]) -> None:
    """Logs attempts, and moves their messages on: delivered, failed (which releases the next), or due again later."""
    told = {
        "ids": [message.id for message, _ in finished],
        "states": [attempt.state for _, attempt in finished],
        "laters": [attempt.retry_in or 0.0 for _, attempt in finished],
    }
    still_there = set(connection.scalars(_MOVE, told))
    rows = [
        {"outbox": message.id, "status": attempt.status, "seconds": attempt.seconds, "error": _storable(attempt.error),
         "response": _storable(attempt.response)}
        for message, attempt in finished if message.id in still_there
    ]  # fmt: skip
    if rows:
        connection.execute(insert(attempts), rows)
    judge(connection, [(message.endpoint, attempt) for message, attempt in finished])


def _storable(text: str | None) -> str | None:
    """What a receiver said, without what no database holds: one odd answer must not keep others from being noted."""
    return None if text is None else text.replace("\0", "").encode("utf-8", "replace").decode()


def expire(connection: Connection, kept: timedelta) -> int:
    """Forgets finished messages recorded so long ago, with their attempts, and what is held beyond HELD; how many went.

    It takes at most a few thousand at once; what is still waiting is never taken.
    """
    place = func.row_number().over(partition_by=outbox.c.endpoint, order_by=outbox.c.id.desc()).label("place")
    held = select(outbox.c.id, place).where(outbox.c.state == "held").subquery()
    surplus = select(held.c.id).where(held.c.place > HELD)
    old = select(outbox.c.id).where(outbox.c.recorded_at < func.now() - kept, outbox.c.state != "waiting")
    gone = union(old.limit(_STEP), surplus.limit(_STEP)).subquery()
    return connection.execute(delete(outbox).where(outbox.c.id.in_(select(gone.c.id)))).rowcount


def waiting(connection: Connection) -> int:
    """How many messages are not finished."""
    return int(connection.scalar(select(func.count()).where(outbox.c.state == "waiting")) or 0)

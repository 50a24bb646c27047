"""Telling: a message for each endpoint that wants to hear of something, written with what it tells of, in one go.

Whoever has news calls `tell`; what becomes of the messages is the outbox's.
"""

from collections.abc import Sequence
from datetime import timedelta
from math import inf
from typing import Any, NamedTuple

from sqlalchemy import Connection, Interval, bindparam, func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from schemas.database.tables import endpoints, outbox
from schemas.receivers import hears
from schemas.topics import ALERTS
from schemas.webhooks import Wanted, webhook_id

TOPIC_URL = f"kafka:{ALERTS}"
_STATES = {"disabled": "held"}


class News(NamedTuple):
    """What is to be told. An `episode`'s messages arrive by `sequence`, those on one `fingerprint` one after the other.

    It waits for as long as `later` says; topic `alerts` does not, for other systems are never asleep. `kind`,
    `segments`, `csm` and `priority` are what endpoints filter by; news on no alert has no kind.
    """

    event_type: str
    payload: str
    episode: str
    sequence: int
    fingerprint: str | None = None
    kind: str | None = None
    segments: Sequence[str] = ()
    csm: str | None = None
    priority: float = 0
    later: timedelta = timedelta()


def tell(connection: Connection, workspace: int, news: Sequence[News], but: str | None = None) -> None:
    """A message for each of the workspace's endpoints, `but` one, and for topic `alerts`.

    For an endpoint that is disabled it is held: shown, and sent if somebody asks for a replay. A priority changes as
    time goes by: whoever heard of an episode hears its end.
    """
    listeners = _endpoints(connection, workspace)
    heard = _heard(connection, [one for one, *_, wanted in listeners if wanted.least_priority], news)
    rows = [
        _row(workspace, endpoint, one)
        | {"state": _STATES.get(state, "waiting"), "later": timedelta() if state == "internal" else one.later}
        for endpoint, state, receiver, wanted in listeners
        for one in news
        if endpoint != but
        and hears(receiver, one.event_type)
        and wanted.passes(one.event_type, one.kind, one.segments, one.csm, _weight(endpoint, one, heard))
    ]
    if rows:
        due = func.now() + bindparam("later", type_=Interval)
        connection.execute(insert(outbox).values(next_attempt_at=due), rows)


def put(connection: Connection, workspace: int, endpoint: str, news: News) -> str:
    """A message for one endpoint, whatever it filters; returns its webhook-id."""
    row = _row(workspace, endpoint, news)
    connection.execute(insert(outbox).values(row))
    return str(row["webhook_id"])


def _heard(connection: Connection, choosy: Sequence[str], news: Sequence[News]) -> set[tuple[str, str]]:
    """Which of those endpoints heard of which episodes before."""
    if not choosy:
        return set()
    episodes = sorted({one.episode for one in news})
    query = select(outbox.c.endpoint, outbox.c.episode).distinct()
    query = query.where(outbox.c.endpoint == func.any(list(choosy)), outbox.c.episode == func.any(episodes))
    return {(row.endpoint, row.episode) for row in connection.execute(query)}


def _weight(endpoint: str, news: News, heard: set[tuple[str, str]]) -> float:
    return inf if (endpoint, news.episode) in heard else news.priority


def _row(workspace: int, endpoint: str, news: News) -> dict[str, Any]:
    return {
        "workspace": workspace,
        "endpoint": endpoint,
        "episode": news.episode,
        "fingerprint": news.fingerprint,
        "sequence": news.sequence,
        "webhook_id": webhook_id(endpoint, news.episode, news.sequence),
        "event_type": news.event_type,
        "payload": news.payload,
    }


def _endpoints(connection: Connection, workspace: int) -> list[tuple[str, str, str, Wanted]]:
    """The workspace's endpoints, with the one that stands for topic `alerts`, and what each wants to hear of."""
    topic = {"id": f"ep_topic_{workspace}", "workspace": workspace, "url": TOPIC_URL, "secret": "", "state": "internal"}
    connection.execute(upsert(endpoints).values(topic).on_conflict_do_nothing())
    wanted = (endpoints.c[name] for name in Wanted.__struct_fields__)
    query = select(endpoints.c.id, endpoints.c.state, endpoints.c.receiver, *wanted)
    rows = connection.execute(query.where(endpoints.c.workspace == workspace).order_by(endpoints.c.id))
    return [(one, state, receiver, Wanted(*filters)) for one, state, receiver, *filters in rows]

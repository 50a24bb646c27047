"""What tests of delivery share: endpoints, messages in the outbox, and delivering until something holds."""

import asyncio
import socket
import time
from types import SimpleNamespace

from sqlalchemy import insert, select, update

from schemas.database.endpoints import create_endpoint
from schemas.database.tables import attempts, outbox
from schemas.kafka import KafkaAccess
from schemas.webhooks import webhook_id
from streams import delivery


def settings(**more):
    kafka = KafkaAccess(servers=(more.pop("kafka", "127.0.0.1:1"),))
    base = {"kafka_access": kafka, "topic_prefix": "", "webhooks_allow_private": True, "webhooks_attempts": 10,
            "smtp_url": "", "smtp_from": ""}  # fmt: skip
    return SimpleNamespace(**base | more)


def run(engine, until, patience=15.0, **more):
    """Delivers until `until()` holds."""

    async def main() -> None:
        stop = asyncio.Event()
        task = asyncio.create_task(delivery.run(engine, settings(**more), stop))
        deadline = time.monotonic() + patience
        while not until() and time.monotonic() < deadline:  # noqa: ASYNC110 - what we wait for is in the database
            await asyncio.sleep(0.05)
        stop.set()
        await task

    asyncio.run(main())
    assert until()


def endpoint(scene, url, **fields):
    with scene.engine.begin() as connection:
        return create_endpoint(connection, scene.number, {"url": url, **fields})


def post(scene, to, sequence, episode="e1", payload='{"type":"alert.firing"}'):
    row = {
        "workspace": scene.number, "endpoint": to, "episode": episode, "sequence": sequence,
        "webhook_id": webhook_id(to, episode, sequence), "event_type": "alert.firing", "payload": payload,
    }  # fmt: skip
    with scene.engine.begin() as connection:
        connection.execute(insert(outbox).values(row))


def states(scene, to=None):
    """Every message's state, or of those to one endpoint, in the order they were written."""
    rows = sorted(scene.rows(outbox), key=lambda row: row["id"])
    return [row["state"] for row in rows if to in (None, row["endpoint"])]


def logged(scene):
    with scene.engine.begin() as connection:
        return [row._asdict() for row in connection.execute(select(attempts).order_by(attempts.c.id))]


def hurry(scene):
    with scene.engine.begin() as connection:
        connection.execute(update(outbox).values(next_attempt_at=outbox.c.recorded_at))


def free_port() -> int:
    """A port that nobody has just now."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])

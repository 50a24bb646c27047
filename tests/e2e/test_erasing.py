"""A person who was erased is in no table any more, comes back from nowhere, and what they did stays counted."""

import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg2
import pytest
from sqlalchemy import insert, select

from deploy.local.stack import Stack
from schemas.clock import to_datetime, wall_ms
from schemas.database import engine as engines
from schemas.database import tables

ADA, MAIL, LAPTOP = "kestrel-ada", "kestrel.ada@example.com", "kestrel-laptop"
NAMES = (ADA, MAIL, LAPTOP)


class Product:
    """The running product, as the owner of one workspace sees it."""

    def __init__(self, stack: Stack, workspace: Any) -> None:
        self.stack, self.number = stack, workspace.number
        self.collector = httpx.Client(base_url=stack.url("collector"), auth=(workspace.write_key, ""), timeout=30)
        bearer = {"Authorization": f"Bearer {workspace.api_key}"}
        self.api = httpx.Client(base_url=stack.url("api"), headers=bearer, timeout=30)

    def send(self, *events: dict[str, Any]) -> None:
        at = to_datetime(wall_ms() - 3_600_000).isoformat()
        batch = [{"timestamp": at, "messageId": uuid.uuid4().hex, "type": "track", **event} for event in events]
        assert self.collector.post("/v1/batch", json={"batch": batch}).status_code == 200

    def counted(self) -> tuple[int, int]:
        """Events and distinct users of the account, in all."""
        asked = {"behavior": "*", "span": "day", "from": (to_datetime(wall_ms()) - timedelta(days=2)).isoformat()}
        answer = self.api.get("/v1/accounts/nest/windows", params=asked)
        found = answer.json().get("windows", [])
        return sum(one["events"] for one in found), max((one["users"] for one in found), default=0)

    def tables_that_name(self, *names: str) -> set[tuple[str, str]]:
        """Every table that holds one of these words, as text or in bytes."""
        connection = psycopg2.connect(self.stack.database)
        try:
            cursor, found = connection.cursor(), set()
            for table in tables.metadata.tables:
                for name in names:
                    cursor.execute(
                        f"SELECT count(*) FROM {table} AS row WHERE row::text LIKE ANY (%s)",  # noqa: S608
                        ([f"%{name}%", f"%{name.encode().hex()}%"],),
                    )
                    found |= {(table, name)} if cursor.fetchone() != (0,) else set()
            return found
        finally:
            connection.close()


@pytest.fixture
def product(stack: Stack, workspace: Any, eventually: Callable[..., Any]) -> Iterator[Product]:
    made = Product(stack, workspace)
    with made.collector, made.api:
        eventually(lambda: made.collector.post("/v1/validate", json=[]).status_code == 200)
        yield made


def write(product: Product, eventually: Callable[..., Any]) -> None:
    """Has the person stand wherever one can."""
    here = {"context": {"groupId": "nest"}}
    product.send(
        {"event": "opened", "userId": ADA, "properties": {"email": MAIL}, **here},
        {"event": "opened", "userId": "bob", **here},
        {"event": "opened", "anonymousId": LAPTOP, **here},
        {"type": "alias", "userId": ADA, "previousId": LAPTOP},
        {"type": "identify", "userId": ADA, "traits": {"email": MAIL, "role": "champion"}},
        {"event": "signal.call", "userId": "bob", "properties": {"participants": [MAIL, "cyn"], "by": ADA}, **here},
        {"event": "strayed", "userId": ADA, "properties": {"who": MAIL}},
        {"event": "x", "userId": ADA, "timestamp": "never"},
    )
    eventually(lambda: product.counted()[0] == 4, patience=40)
    wanted = {"users", "user_facts", "signals", "rejected", "identities"}
    eventually(lambda: {name for name, _ in product.tables_that_name(*NAMES)} >= wanted - {"identities"}, patience=40)
    alert(product)


def alert(product: Product) -> None:
    """What an evaluation, a CSM and a receiver would have left behind."""
    said, moment = f"nest: {ADA} stopped; call bob.", to_datetime(wall_ms())
    gone = {"users_gone": [{"user": ADA, "days_a_week": 4}], "users_still_active": ["bob", LAPTOP]}
    of, endpoint = {"workspace": product.number, "episode": f"kestrel{product.number}"}, f"ep_k{product.number}"
    fired = {"kind": "behavior.dropped", "state": "firing", "origin": "live", "onset": moment, "fired_at": moment}
    sent = {"endpoint": endpoint, "sequence": 1, "webhook_id": endpoint, "event_type": "alert.firing"}
    rows: list[tuple[Any, dict[str, Any]]] = [
        (tables.alerts, of | fired | {"fingerprint": "f", "sequence": 1, "sentence": said, "evidence": gone}),
        (
            tables.transitions,
            of | {"sequence": 1, "transition": "fired", "at": moment, "reason": said, "evidence": gone},
        ),
        (tables.verdicts, of | {"verdict": "known", "actor": "csm", "note": f"spoke to {MAIL}"}),
        (tables.endpoints, {"id": endpoint, "workspace": product.number, "url": "http://x/", "secret": "s"}),
        (tables.outbox, of | sent | {"payload": f'{{"sentence":"{said}"}}', "state": "delivered"}),
    ]
    rows += [
        (tables.tasks, {"workspace": product.number, "id": endpoint, "account": 1, "title": f"Call {ADA}", "note": MAIL,
                        "opened_by": "csm"}),
        (tables.requests, {"workspace": product.number, "key": "k", "digest": b"", "answer": f'{{"user":"{ADA}"}}'}),
        (tables.silences, {"workspace": product.number, "id": endpoint, "author": "csm", "comment": f"{ADA} is ill",
                           "starts_at": moment, "ends_at": moment}),
    ]  # fmt: skip
    engine = engines.create(product.stack.database, pool=1)
    with engine.begin() as connection:
        for table, row in rows:
            connection.execute(insert(table).values(row))
        message = connection.scalar(select(tables.outbox.c.id).where(tables.outbox.c.workspace == product.number))
        connection.execute(insert(tables.attempts).values(outbox=message, seconds=1, response=f"thanks for {ADA}"))
    engine.dispose()


def test_who_was_erased_is_nowhere_and_what_they_did_stays_counted(
    product: Product, eventually: Callable[..., Any]
) -> None:
    write(product, eventually)
    before = product.counted()
    named = {name for name, _ in product.tables_that_name(*NAMES)}
    assert named >= {"users", "user_facts", "signals", "rejected", "unassigned", "alerts", "transitions", "verdicts",
                     "outbox", "attempts", "tasks", "requests", "silences"}  # fmt: skip
    answer = product.api.post(f"/v1/users/{LAPTOP}/erase")  # any id of the person
    assert answer.status_code == 200, answer.text
    receipt = answer.json()
    assert {name: receipt[name] for name in ("ids", "waiting", "rejected", "signals", "alerts")} == {
        "ids": 2, "waiting": 1, "rejected": 1, "signals": 1, "alerts": 1,
    }  # fmt: skip
    assert product.tables_that_name(*NAMES) == set()
    assert product.counted() == before
    found = product.api.get(f"/v1/alerts/kestrel{product.number}").json()
    assert found["sentence"] == f"nest: erased-{receipt['receipt']} stopped; call bob."

    here = {"context": {"groupId": "nest"}}  # what is sent of them still is nobody's, and the same nobody's
    product.send(
        {"event": "opened", "userId": ADA, "properties": {"email": MAIL}, **here},
        {"type": "identify", "userId": ADA, "traits": {"email": MAIL}},
        {"type": "group", "userId": ADA, "groupId": "nest"},
    )
    eventually(lambda: product.counted()[0] == before[0] + 2, patience=40)  # the one that waited counts now, too
    assert product.counted()[1] == before[1]
    assert product.tables_that_name(*NAMES) == set()
    refused = product.api.put(f"/v1/users/{ADA}", json={"role": "champion"})
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert product.api.get("/v1/erasures").json()["items"] == [receipt]


def test_a_rebuild_from_the_topic_brings_nobody_back(product: Product, eventually: Callable[..., Any]) -> None:
    write(product, eventually)
    assert product.api.post(f"/v1/users/{ADA}/erase").status_code == 200
    declared = {"events": ["opened"], "measure": "users"}
    assert product.api.put("/v1/behaviors/later", json=declared).status_code == 200

    def state() -> str:
        items = product.api.get("/v1/behaviors").json()["items"]
        return next(str(one["state"]) for one in items if one["behavior"] == "later")

    eventually(lambda: state() == "active", patience=60)
    assert product.tables_that_name(*NAMES) == set()


def test_the_command_erases_too(product: Product, eventually: Callable[..., Any]) -> None:
    write(product, eventually)
    engine = engines.create(product.stack.database, pool=1)
    with engine.connect() as connection:
        name = connection.scalar(select(tables.workspaces.c.name).where(tables.workspaces.c.id == product.number))
    engine.dispose()
    command = [str(Path(sys.executable).parent / "ebbtide"), "erase", ADA, "--json"]
    where = ["--workspace", str(name), "--database-url", product.stack.database]
    done = subprocess.run([*command, *where], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert product.tables_that_name(*NAMES) == set()

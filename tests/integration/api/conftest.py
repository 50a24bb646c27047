"""Two workspaces, alpha and beta, full of facts: everything of alpha says so in its text, and nothing of beta does."""

import re
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import structlog
import uvicorn
from fastapi import FastAPI
from sqlalchemy import Engine, insert, select, update

from api.app import create_app
from api.settings import Settings
from schemas.accounts import AccountRow, UserPatch
from schemas.alerts import AlertKind, Evidence, GoneUser, Subject, episode, fingerprint
from schemas.behaviors import define
from schemas.clock import Clock, ClockFile, to_ms, wall_ms, write_clock
from schemas.database import declaring, facts, tables
from schemas.database import engine as engines
from schemas.database.keys import create_key
from schemas.database.workspaces import create_workspace
from schemas.keys import Scope
from schemas.windows import encode_users

NOW = datetime(2026, 4, 15, 12, 30, tzinfo=UTC)
PEOPLE = ("ada", "bob", "cyn", "dan", "eve", "fay")


@dataclass
class Seeded:
    """One workspace: its key, and the ids of what is in it."""

    name: str
    number: int
    key: str
    account: str
    user: str
    alert: str
    endpoint: str
    rejected: int
    key_id: int
    behavior: str
    silence: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}


class Seeder:
    """Fills a database with what the pipeline would have written."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def workspace(self, name: str) -> Seeded:
        number = create_workspace(self.engine, name)
        key = create_key(self.engine, number, [Scope.READ, Scope.MANAGE, Scope.ADMIN], f"{name} key")
        account, user = f"{name}/acme", f"{name}-ada"
        traits = {"name": f"{name} Acme", "arr": 48_000, "currency": "EUR", "plan": f"{name}-pro", "stage": "growing",
                  "time_zone": "Europe/Berlin", "csm": f"{name}-csm"}  # fmt: skip
        with self.engine.begin() as connection:
            row = AccountRow(account=account, traits=traits, created_at=NOW - timedelta(days=700))
            facts.put_accounts(connection, number, [row], NOW - timedelta(days=300))
            for person in PEOPLE:
                patch = UserPatch(account=account)
                facts.put_user(connection, number, f"{name}-{person}", patch, NOW - timedelta(days=200))
            behavior = {"workspace": number, "number": 1, "behavior": f"{name}.report", "automatic": True}
            connection.execute(insert(tables.behaviors).values(state="active", **behavior))
            ours = tables.workspaces.c.id == number
            connection.execute(update(tables.workspaces).where(ours).values(next_behavior=2))
            shared = define({"name": f"{name}.shared", "events": ["share"]}, "shared")
            declaring.declare(connection, number, shared)
        alert = self.alert(number, name, account, NOW - timedelta(days=2))
        endpoint, rejected, key_id = self._around(number, name, alert)
        return Seeded(
            name, number, key, account, user, alert, endpoint, rejected, key_id, f"{name}.shared", f"sil_{name}"
        )

    def _around(self, number: int, name: str, alert: str) -> tuple[str, int, int]:
        endpoint = f"ep_{name}"
        with self.engine.begin() as connection:
            connection.execute(
                insert(tables.endpoints).values(id=endpoint, workspace=number, url=f"http://{name}/", secret="whsec_x")
            )
            sent = {
                "workspace": number,
                "endpoint": endpoint,
                "episode": alert,
                "sequence": 1,
                "webhook_id": f"{name}-1",
            }
            outbox = connection.scalar(
                insert(tables.outbox)
                .values(event_type="alert.firing", payload="{}", state="delivered", attempts=1, **sent)
                .returning(tables.outbox.c.id)
            )
            connection.execute(insert(tables.attempts).values(outbox=outbox, status=200, seconds=0.1, response=name))
            silenced = {
                "starts_at": NOW - timedelta(days=2),
                "ends_at": NOW - timedelta(days=1),
                "author": name,
                "comment": name,
                "state": "over",
            }
            matchers = [{"name": "csm", "op": "=", "value": f"{name}-nobody"}]
            connection.execute(
                insert(tables.silences).values(workspace=number, id=f"sil_{name}", matchers=matchers, **silenced)
            )
            task = {"id": f"tsk_{name}", "account": 1, "title": name, "opened_by": name}
            connection.execute(insert(tables.tasks).values(workspace=number, **task))
            connection.execute(insert(tables.releases).values(workspace=number, release=f"{name}-v1", released_at=NOW))
            refused = {"stage": "ingest", "topic": 2, "partition": 0, "record_offset": number, "code": "bad_time"}
            rejected = connection.scalar(
                insert(tables.rejected)
                .values(workspace=number, message=name, raw=f'{{"{name}":1}}'.encode(), received_at=NOW, **refused)
                .returning(tables.rejected.c.id)
            )
            key_id = connection.scalar(select(tables.keys.c.id).where(tables.keys.c.workspace == number))
        assert rejected is not None
        assert key_id is not None
        return endpoint, rejected, key_id

    def alert(self, number: int, name: str, account: str | None, fired: datetime, state: str = "firing") -> str:
        subject = Subject(kind=AlertKind.BEHAVIOR_DROPPED, account=account, behavior=f"{name}.report")
        mark = fingerprint(number, subject)
        alert = episode(mark, to_ms(fired))
        last = fired.date() - timedelta(days=1)
        since = (last - timedelta(days=8)).isoformat()
        gone = tuple(GoneUser(f"{name}-{person}", since, 4.5, 0.97) for person in PEOPLE[1:])
        evidence = Evidence(
            detector="rec", version="1", behavior=f"{name}.report", since=since,
            window_from=(last - timedelta(days=6)).isoformat(), window_to=last.isoformat(), window_days=7,
            observed=5, expected=29, low=21, high=38, ratio=0.17, events_observed=20, events_expected=118,
            score=6.1, threshold=4.0, segment="arr:10k-50k", segment_factor=0.98, segment_accounts=41,
            users_before=6, users_active=1, users_gone=gone, users_still_active=(f"{name}-ada",),
            quiet_if="at least 19 user-days in the same 7 days", next_step=f"Call {name}-bob.",
        )  # fmt: skip
        with self.engine.begin() as connection:
            found = select(tables.accounts.c.number).where(
                tables.accounts.c.workspace == number, tables.accounts.c.account == account
            )
            values = {
                "workspace": number, "episode": alert, "fingerprint": mark, "kind": subject.kind, "state": state,
                "condition": state, "belief": "open",
                "account": connection.scalar(found), "behavior": subject.behavior, "origin": "live",
                "onset": fired - timedelta(days=9), "fired_at": fired, "sequence": 1,
                "sentence": f"{name} Acme: 1 of 6 people still uses {name}.report; in the 7 days to {last} we saw 5 "
                "user-days where 29 (21 to 38) were expected.",
                "evidence": {k: getattr(evidence, k) for k in evidence.__struct_fields__}
                | {"users_gone": [{f: getattr(one, f) for f in one.__struct_fields__} for one in gone]},
            }  # fmt: skip
            connection.execute(insert(tables.alerts).values(values))
            moved = {"workspace": number, "episode": alert, "sequence": 1, "transition": "fired"}
            connection.execute(insert(tables.transitions).values(at=fired, reason=f"{name}: 6.1 > 4.0", **moved))
        return alert

    def window(
        self, seeded: Seeded, hour: datetime, events: int, people: list[int], behavior: int = 0, account: int = 1
    ) -> None:
        row = {"workspace": seeded.number, "account": account, "behavior": behavior, "hour": hour, "topic": 0}
        with self.engine.begin() as connection:
            connection.execute(
                insert(tables.windows).values(
                    partition=0, events=events, value=float(events), users=encode_users(people), id_sum=0, **row
                )
            )


@pytest.fixture(autouse=True)
def plain_logs() -> Iterator[None]:
    """What a process logs with, instead of structlog's slow and colorful default."""
    structlog.configure(processors=[structlog.processors.format_exc_info, structlog.processors.KeyValueRenderer()])
    yield
    structlog.reset_defaults()


@pytest.fixture
def seeder(database_url: str) -> Iterator[Seeder]:
    engine = engines.create(database_url, pool=2)
    yield Seeder(engine)
    engine.dispose()


@pytest.fixture
def alpha(seeder: Seeder) -> Seeded:
    return seeder.workspace("alpha")


@pytest.fixture
def beta(seeder: Seeder) -> Seeded:
    return seeder.workspace("beta")


@pytest.fixture
def app(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    clock = tmp_path_factory.mktemp("clock") / "clock.json"
    write_clock(clock, ClockFile(wall=wall_ms(), simulated=to_ms(NOW), scale=0.001))
    return create_app(Settings(database_url=database_url), Clock(clock))


@pytest.fixture
def client(app: FastAPI) -> Iterator[httpx.Client]:
    """A browser or script before the served API."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{listening.getsockname()[1]}", timeout=20) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


@pytest.fixture
def token(client: httpx.Client) -> Callable[[str], str]:
    """What the forms of a page carry: `token("/alerts")`."""

    def find(path: str) -> str:
        found = re.search(r'name="token" value="(\w+)"', client.get(path).text)
        assert found
        return found[1]

    return find


@pytest.fixture
def send_form(client: httpx.Client, token: Callable[[str], str]) -> Callable[..., httpx.Response]:
    """Sends a form as one of our pages does: `send_form("/silences", days="7")`."""

    def send(path: str, /, **fields: str) -> httpx.Response:
        return client.post(path, data=fields | {"token": token("/alerts")})

    return send


@pytest.fixture
def sign_in(client: httpx.Client, token: Callable[[str], str]) -> Callable[..., httpx.Response]:
    """Signs the browser in as a person does: `sign_in(key)`."""

    def send(key: str, then: str = "/alerts") -> httpx.Response:
        return client.post("/login", data={"key": key, "then": then, "token": token("/login")})

    return send


@pytest.fixture
def call(client: httpx.Client) -> Callable[..., object]:
    """Asks as a workspace: `call(alpha, "GET", "/v1/alerts")`."""

    def ask(seeded: Seeded, method: str, path: str, **more: object) -> object:
        kind = {"content-type": str(more.pop("headers_kind"))} if "headers_kind" in more else {}
        return client.request(method, path, headers=seeded.headers | kind, **more)  # type: ignore[arg-type]

    return ask


@pytest.fixture
def walk(alpha: Any, call: Callable[..., Any]) -> Callable[..., list[dict[str, Any]]]:
    def walk(path: str, limit: int, **more: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        cursor = None
        while True:
            asked = {"limit": limit, **more} | ({"cursor": cursor} if cursor else {})
            page = call(alpha, "GET", path, params=asked).json()
            assert len(page["items"]) <= limit
            found += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return found

    return walk

"""Workspaces whose windows a test writes by hand, hour by hour, as the fold would."""

import itertools
import threading
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from schemas.accounts import AccountRow, Role, UserPatch
from schemas.clock import to_ms
from schemas.database import engine as engines
from schemas.database.engine import Engine
from schemas.database.facts import put_accounts, put_user
from schemas.database.tables import accounts, alerts, progress, transitions, users, windows, workspaces
from schemas.database.workspaces import create_workspace
from schemas.rules import BUILT_IN, Rules
from schemas.windows import encode_users
from streams.evaluation import evaluate

FIRST = date(2026, 1, 5)  # a Monday


def hour(day: int, at: int = 10) -> datetime:
    """An hour of the day that many days after FIRST."""
    return datetime(FIRST.year, FIRST.month, FIRST.day, at, tzinfo=UTC) + timedelta(days=day)


def end_of(day: int) -> datetime:
    """The last millisecond of the day that many days after FIRST."""
    return hour(day + 1, 0) - timedelta(milliseconds=1)


class Scene:
    """A workspace, and what its customers do."""

    def __init__(self, engine: Engine, number: int) -> None:
        self.engine, self.number = engine, number
        self._users: dict[str, int] = {}
        self._numbers = itertools.count(1)

    def account(self, account: str, /, **traits: Any) -> int:
        with self.engine.begin() as connection:
            number = next(self._numbers)
            row = {"workspace": self.number, "number": number, "account": account, "traits": traits}
            connection.execute(insert(accounts).values(row))
        return number

    def fact(self, account: str, day: int, **traits: Any) -> None:
        """Says something about an account that holds from a day on."""
        with self.engine.begin() as connection:
            put_accounts(connection, self.number, [AccountRow(account=account, traits=traits)], hour(day))

    def user(self, name: str, side: str = "customer") -> int:
        if name not in self._users:
            self._users[name] = len(self._users) + 1
            with self.engine.begin() as connection:
                row = {"workspace": self.number, "number": self._users[name], "user": name, "side": side}
                connection.execute(insert(users).values(row))
        return self._users[name]

    def role(self, name: str, day: int, role: Role) -> None:
        """Says what somebody's role is from a day on."""
        self.user(name)
        with self.engine.begin() as connection:
            put_user(connection, self.number, name, UserPatch(role=role, valid_from=hour(day)), hour(day))

    def did(self, account: int, days: Iterable[tuple[int, list[str]]], behavior: int = 0, topic: int = 0) -> None:
        """Who did something on which days (after FIRST): one window a day, two events each."""
        rows = [
            {
                "workspace": self.number, "account": account, "behavior": behavior, "hour": hour(day), "topic": topic,
                "partition": 0, "events": 2 * len(who), "value": 0.0, "id_sum": 0,
                "users": encode_users([self.user(name) for name in who]),
            }
            for day, who in days if who
        ]  # fmt: skip
        with self.engine.begin() as connection:
            connection.execute(insert(windows), rows)

    def worked(self, account: int, day: int, hours: Iterable[int], events: int) -> None:
        """One person's machine-like work: so many events in each of these hours of a day."""
        row = {"workspace": self.number, "account": account, "behavior": 0, "topic": 0, "partition": 0}
        counts = {"events": events, "value": 0.0, "id_sum": 0, "users": encode_users([self.user("robin")])}
        with self.engine.begin() as connection:
            connection.execute(insert(windows), [row | counts | {"hour": hour(day, at)} for at in hours])

    def dirty(self, day: int, **more: Any) -> None:
        self._mark(dirty_from=hour(day), **more)

    def imported(self, day: int, closed: bool) -> None:
        self._mark(history_dirty_from=hour(day), history_closed=closed)

    def _mark(self, **columns: Any) -> None:
        with self.engine.begin() as connection:
            connection.execute(update(progress).where(progress.c.workspace == self.number).values(columns))

    def setting(self, **settings: Any) -> None:
        with self.engine.begin() as connection:
            of = update(workspaces).where(workspaces.c.id == self.number)
            connection.execute(of.values(settings=settings))

    def evaluate(self, until: int, rules: Rules = BUILT_IN) -> int:
        """Evaluates every day before `until` (days after FIRST)."""
        moment = hour(until, 0)
        return evaluate(self.engine, self.number, to_ms(moment), moment, rules)

    def live(self, first: int, until: int, rules: Rules = BUILT_IN) -> int:
        """Evaluates day by day, as a running product does."""
        return sum(self.evaluate(day, rules) for day in range(first, until + 1))

    def rows(self, table: Any) -> list[dict[str, Any]]:
        with self.engine.begin() as connection:
            found = connection.execute(select(table).where(table.c.workspace == self.number)).mappings()
            return [dict(row) for row in found]

    @property
    def alerts(self) -> list[dict[str, Any]]:
        return sorted(self.rows(alerts), key=lambda row: row["fired_at"])

    def steps(self, episode: str) -> list[str]:
        mine = [row for row in self.rows(transitions) if row["episode"] == episode]
        return [row["transition"] for row in sorted(mine, key=lambda row: row["sequence"])]


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    made = engines.create(database_url)
    yield made
    made.dispose()


@pytest.fixture
def scene(engine: Engine) -> Scene:
    return Scene(engine, create_workspace(engine, "test"))


TEAM = ["ada", "bob", "cyd", "dan", "eve", "fay"]


def fading(days: int = 90, until: int = 112) -> Iterator[tuple[int, list[str]]]:
    """Six users on every weekday; from day `days` on, one after the other stops until only fay is left."""
    for day in range(until):
        if day % 7 < 5:
            gone = 0 if day < days else min(5, 2 + (day - days) // 2)
            yield day, TEAM[gone:]


@pytest.fixture
def six_users(scene: Scene) -> Scene:
    """Acme's six users become one; its five peers stay as they are."""
    acme = scene.account("acme", name="Acme", plan="pro")
    scene.did(acme, fading())
    for i in range(5):
        peer = scene.account(f"peer-{i}", plan="pro")
        scene.did(peer, ((day, [f"p{i}-{j}" for j in range(4)]) for day in range(112) if day % 7 < 5))
    return scene


class Receiver:
    """A web server that keeps what it is sent and answers as it is told: `answers` is (status, headers, seconds)."""

    def __init__(self, *answers) -> None:
        self.got, self.answers = [], list(answers)
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                receiver.got.append((dict(self.headers), body))
                status, headers, seconds = receiver.answers.pop(0) if receiver.answers else (204, {}, 0)
                time.sleep(seconds)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *_) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    one = Receiver()
    yield one
    one.close()


@pytest.fixture
def another() -> Iterator[Receiver]:
    one = Receiver()
    yield one
    one.close()

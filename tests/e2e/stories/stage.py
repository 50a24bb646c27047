"""The running product under a simulated clock: months as an import, then every day as it happens, over HTTP.

Twice a day the clock moves on and what has happened since is sent, so that nobody's events of a day come after the
product takes it for over, wherever they live: at noon UTC, when the far east has gone home, and in the evening.
"""

import json
import time as wall
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any, Self

import httpx

from deploy.local.stack import Stack
from schemas.clock import ClockFile, to_datetime, to_ms, wall_ms, write_clock
from schemas.database import engine as engines
from schemas.database.engine import Engine
from schemas.database.keys import create_key
from schemas.database.watermark import LATENESS_MS
from schemas.database.workspaces import create_workspace
from schemas.days import day_start, local_date
from schemas.keys import Scope
from tests.e2e.stories.cast import END, FIRST, LIVE, Release, Visit, World, on
from tests.e2e.truth.record import Record

_BODY = 2_000
_STOPS = time(12, tzinfo=UTC), time(21, 30, tzinfo=UTC)
_LOOKS = 2  # days from one look at what the product says to the next
_PATIENCE = 200.0
_REACHED = "SELECT workspace, max(moment) FROM evaluations GROUP BY workspace"
_UNSETTLED = "SELECT 1 FROM progress WHERE coalesce(dirty_from, pending_from, history_dirty_from) IS NOT NULL"
Shown = dict[str, Any]  # as the API shows it


@dataclass
class Told:
    """What came of a world: its alerts and windows at the end, and what its API showed day by day."""

    alerts: list[Shown] = field(default_factory=list)
    record: Record = field(default_factory=Record)
    open_on: dict[int, list[Shown]] = field(default_factory=dict)
    accounts_on: dict[int, dict[str, Shown]] = field(default_factory=dict)

    def of(self, account: str) -> list[Shown]:
        """The alerts on one account."""
        return [alert for alert in self.alerts if alert["account"] and alert["account"]["id"] == account]


class Room:
    """A world's workspace: sends what happens in it, and asks what the product says of it."""

    def __init__(self, stack: Stack, engine: Engine, world: World) -> None:
        self.world, self.told = world, Told()
        self.number = create_workspace(engine, world.name)
        write = create_key(engine, self.number, [Scope.INGEST])
        read = create_key(engine, self.number, [Scope.READ, Scope.MANAGE, Scope.ADMIN])
        self.collector = httpx.Client(base_url=stack.url("collector"), auth=(write, ""), timeout=60)
        self.api = httpx.Client(base_url=stack.url("api"), headers={"authorization": f"Bearer {read}"}, timeout=60)
        self._zones = {str(account.traits.get("time_zone", "UTC")) for account in world.accounts.values()}
        self._coming = sorted((v for v in world.visits if v.sent >= moment(LIVE)), key=lambda v: v.sent)
        self._releases = list(world.releases)

    def introduce(self) -> None:
        """Says who the accounts are, and which behaviors are declared."""
        for account in self.world.accounts.values():
            body = {"account": account.name, "valid_from": moment(0).isoformat(), **_row(account.traits)}
            self.api.post("/v1/accounts:import", json=[body]).raise_for_status()
            if account.champion:
                user = {"role": "champion", "account": account.name}
                self.api.put(f"/v1/users/{account.champion}@{account.name}", json=user).raise_for_status()
        for name, declared in self.world.behaviors.items():
            self.api.put(f"/v1/behaviors/{name}", json=declared).raise_for_status()

    def remember(self) -> None:
        """Imports all that was before the first live day."""
        past = sorted((v for v in self.world.visits if v.sent < moment(LIVE)), key=lambda v: v.at)
        for part in _parts(past):
            rows = "\n".join(json.dumps(_imported(visit)) for visit in part)
            answer = self.collector.post("/v1/import", params={"import_id": "past"}, content=rows)
            assert answer.raise_for_status().json().get("rejected", []) == []
        self.collector.post("/v1/import/past/close").raise_for_status()

    def send(self, until: datetime) -> None:
        """What has happened, or is told, until a moment."""
        while self._releases and moment(self._releases[0].day) <= until:
            self.api.post("/v1/releases", json=_release(self._releases.pop(0))).raise_for_status()
        due = [visit for visit in self._coming if visit.sent <= until]
        del self._coming[: len(due)]
        for part in _parts(due):
            answer = self.collector.post("/v1/batch", json={"batch": [_tracked(visit) for visit in part]})
            assert answer.raise_for_status().json().get("rejected", []) == []

    def closes(self, now: datetime) -> datetime:
        """When the last day ended that is over everywhere."""
        watermark = to_ms(now) - LATENESS_MS
        day = min(local_date(zone, watermark) for zone in self._zones)
        return to_datetime(max(day_start(zone, day) for zone in self._zones))

    def look(self, day: int) -> None:
        """What a customer-success manager sees on that day."""
        self.told.open_on[day] = self._list("/v1/alerts", state="open")
        self.told.accounts_on[day] = {one["account"]: one for one in self._list("/v1/accounts")}

    def sum_up(self, database: str) -> None:
        """All alerts, with their evidence and steps, and the windows they tell of."""
        self.told.record = Record.read(database, self.number)
        found = [self.api.get(f"/v1/alerts/{one['id']}").raise_for_status() for one in self._list("/v1/alerts")]
        self.told.alerts = sorted((answer.json() for answer in found), key=lambda alert: str(alert["fired_at"]))

    def _list(self, path: str, **query: str) -> list[Shown]:
        found: list[Shown] = self.api.get(path, params={"limit": 500, **query}).raise_for_status().json()["items"]
        return found


class Stage:
    """All worlds' workspaces in one running product."""

    def __init__(self, stack: Stack, clock: Path, worlds: Sequence[World]) -> None:
        self._clock, self._database = clock, stack.database
        self.engine = engines.create(stack.database)
        self.rooms = [Room(stack, self.engine, world) for world in worlds]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for room in self.rooms:
            room.collector.close()
            room.api.close()
        self.engine.dispose()

    def play(self) -> dict[str, Told]:
        """The past, then day after day, and what came of it, by world."""
        _wait(lambda: all(room.collector.post("/v1/validate", json=[]).status_code == 200 for room in self.rooms))
        for room in self.rooms:
            room.introduce()
            room.remember()
        self._settle()
        late = {(v.sent.date() - FIRST).days for room in self.rooms for v in room.world.visits if v.sent > v.at}
        for day in range(LIVE, END):
            self._live(day)
            if (day - LIVE) % _LOOKS == _LOOKS - 1:
                self._look(day)
            if day in late:
                self._settle()
        self._settle()
        for room in self.rooms:
            room.sum_up(self._database)
        return {room.world.name: room.told for room in self.rooms}

    def _live(self, day: int) -> None:
        for stop in _STOPS:
            now = datetime.combine(on(day), stop)
            set_clock(self._clock, now)
            for room in self.rooms:
                room.send(now)

    def _look(self, day: int) -> None:
        now = moment(day, _STOPS[-1])
        _wait(lambda: self._evaluated(now))
        for room in self.rooms:
            room.look(day)

    def _evaluated(self, now: datetime) -> bool:
        reached = dict(self._ask(_REACHED))
        return all(reached.get(room.number, moment(0)) >= room.closes(now) for room in self.rooms)

    def _settle(self) -> None:
        """Waits until late data has all come and is judged."""
        _wait(lambda: not self._ask(_UNSETTLED))

    def _ask(self, query: str) -> list[tuple[Any, ...]]:
        with self.engine.begin() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(query)]


def set_clock(clock: Path, moment: datetime) -> None:
    """Puts every process's clock to a moment, from where it goes on."""
    write_clock(clock, ClockFile(wall_ms(), to_ms(moment), 1.0))


def moment(day: int, at: time = time(0, tzinfo=UTC)) -> datetime:
    return datetime.combine(on(day), at)


def _row(traits: dict[str, object]) -> dict[str, object]:
    created = traits.get("created")
    return {"traits": traits} if created is None else {"traits": traits, "created_at": created}


def _release(release: Release) -> dict[str, object]:
    return {
        "release": release.name,
        "released_at": moment(release.day).isoformat(),
        "accounts": release.accounts,
    }


def _imported(visit: Visit) -> dict[str, str]:
    return {"time": visit.at.isoformat(), "account": visit.account, "user": visit.user, "behavior": visit.event}


def _tracked(visit: Visit) -> dict[str, object]:
    return {
        "type": "track", "event": visit.event, "userId": visit.user, "timestamp": visit.at.isoformat(),
        "messageId": f"{visit.at:%m%d%H%M} {visit.user} {visit.event}", "context": {"groupId": visit.account},
    }  # fmt: skip


def _parts(visits: Sequence[Visit]) -> Iterator[Sequence[Visit]]:
    return (visits[begin : begin + _BODY] for begin in range(0, len(visits), _BODY))


def _wait(until: Any) -> None:
    deadline = wall.monotonic() + _PATIENCE
    while not until():
        assert wall.monotonic() < deadline, "the product is stuck"
        wall.sleep(0.2)

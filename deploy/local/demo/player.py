"""Plays the made-up company into the collector: months as an import, then days as they come, as Segment's calls."""

import hashlib
import itertools
from collections.abc import Iterator
from typing import Any

import httpx

from deploy.local.demo.activity import Activity, World
from deploy.local.demo.company import BEHAVIORS, HORIZON, PRESENT
from deploy.local.importing.rows import Row
from schemas.clock import to_datetime
from schemas.errors import EbbtideError

_BATCH = 500
_BLOCK = 28


class RefusedError(EbbtideError):
    """The collector refused a live event of ours."""


def history(world: World) -> Iterator[Row]:
    """Every event until the present, as rows of an import."""
    activity = world.events(0, PRESENT)
    accounts = [world.customers[i].id for i in world.customer_of.tolist()]
    columns = zip(activity.time.tolist(), activity.person.tolist(), activity.behavior.tolist(), strict=True)
    for line, (time, person, behavior) in enumerate(columns, 1):
        yield Row(line, time, accounts[person], world.people[person].id, BEHAVIORS[behavior])


class Player:
    """Sends what has happened since it was last asked. `sent` counts events, `waits` how often it had to wait."""

    def __init__(self, world: World, collector: str, write_key: str, begin: int) -> None:
        self.sent = 0
        self.waits = 0
        self._world = world
        self._client = httpx.Client(base_url=collector, auth=(write_key, ""), timeout=10)
        self._upcoming = _blocks(world)
        self._block: Activity = next(self._upcoming)
        self._at = 0
        self._unsent: list[dict[str, Any]] = []
        self._introduce(begin)

    def play(self, now: int) -> None:
        """Sends every event before `now` (ms). What the collector can't take yet is sent with the next call."""
        for i in self._until(now):
            self._unsent.append(self._track(i))
        while self._unsent and self._send(self._unsent[:_BATCH]):
            del self._unsent[:_BATCH]

    def close(self) -> None:
        """Gives the connection back."""
        self._client.close()

    def _until(self, now: int) -> Iterator[int]:
        while True:
            while self._at < len(self._block.time) and self._block.time[self._at] < now:
                yield self._at
                self._at += 1
            if self._at < len(self._block.time):
                return
            block = next(self._upcoming, None)
            if block is None:
                return
            self._block, self._at = block, 0

    def _introduce(self, begin: int) -> None:
        """An identify and a group call for everybody, so that events without an account find theirs."""
        for person, customer in zip(self._world.people, self._world.customer_of.tolist(), strict=True):
            common = {"userId": person.id, "timestamp": to_datetime(begin).isoformat()}
            identify = {"type": "identify", "traits": person.traits, "messageId": f"identify-{person.id}", **common}
            group = {"type": "group", "groupId": self._world.customers[customer].id, "messageId": f"group-{person.id}"}
            self._unsent += [identify, group | common]

    def _track(self, i: int) -> dict[str, Any]:
        time, person = int(self._block.time[i]), int(self._block.person[i])
        user, behavior = self._world.people[person].id, BEHAVIORS[int(self._block.behavior[i])]
        call: dict[str, Any] = {
            "type": "track",
            "event": behavior,
            "userId": user,
            "timestamp": to_datetime(time).isoformat(),
            "messageId": hashlib.blake2b(f"{time} {user} {i}".encode(), digest_size=12).hexdigest(),
        }
        if person % 2:  # the others' account follows from their group call
            call["context"] = {"groupId": self._world.customers[int(self._world.customer_of[person])].id}
        return call

    def _send(self, calls: list[dict[str, Any]]) -> bool:
        try:
            response = self._client.post("/v1/batch", json={"batch": calls})
        except httpx.TransportError:
            self.waits += 1
            return False
        if response.status_code in (429, 503):
            self.waits += 1
            return False
        if response.status_code != 200 or response.json().get("rejected"):
            raise RefusedError(f"The collector refused live events: {response.status_code} {response.text[:500]}")
        self.sent += len(calls)
        return True


def _blocks(world: World) -> Iterator[Activity]:
    starts = itertools.takewhile(lambda day: day < HORIZON, itertools.count(PRESENT, _BLOCK))
    return (world.events(day, min(day + _BLOCK, HORIZON)) for day in starts)

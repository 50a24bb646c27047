"""People who act on alerts while faults are done: each deed has a key of its own and is sent until it is answered."""

import random
import re
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Self

import httpx

from deploy.local.stack import Stack
from schemas.alerts import AlertKind, Origin, Transition
from schemas.database import engine as engines
from schemas.database.alerts import write_alerts
from schemas.database.keys import create_key
from schemas.database.workspaces import create_workspace
from schemas.keys import Scope
from schemas.lives import AlertRecord, TransitionRecord, step_of
from tests.faults.receiver import Receiver

_ALERTS = 40
_ACTIONS = ("acknowledge", "snooze", "resolve", "reopen", "assign")
DEED = re.compile(r"deed-\d+")


class Deed(NamedTuple):
    """What somebody did, and what was answered."""

    name: str
    episode: str
    status: int
    sequence: int | None


class People:
    """They have a workspace of their own with alerts that fired, and an endpoint that hears of them."""

    def __init__(self, stack: Stack, seed: int, receiver: Receiver) -> None:
        self.done: list[Deed] = []
        self._failed: BaseException | None = None
        self._random, self._over = random.Random(seed), threading.Event()  # noqa: S311
        engine = engines.create(stack.database, pool=1)
        try:
            self.workspace = create_workspace(engine, f"people-{seed}")
            key = create_key(engine, self.workspace, [Scope.READ, Scope.MANAGE])
            self._http = httpx.Client(base_url=stack.url("api"), headers={"Authorization": f"Bearer {key}"}, timeout=20)
            self._post("/v1/webhooks", {"url": receiver.url}, "endpoint")
            self._episodes = [f"{seed}-{i}" for i in range(_ALERTS)]
            with engine.begin() as connection:
                now = datetime.now(UTC)  # noqa: TID251 - as the worker would at this moment
                write_alerts(connection, self.workspace, [_fired(one, now) for one in self._episodes], now)
        finally:
            engine.dispose()
        self._thread = threading.Thread(target=self._run, name="people")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.rest()
        self._http.close()

    def rest(self) -> None:
        """They stop; raises what ended them before, if anything did."""
        self._over.set()
        self._thread.join()
        if self._failed is not None:
            raise AssertionError(f"people ended: {self._failed!r}") from self._failed

    def _run(self) -> None:
        try:
            while not self._over.wait(0.05):
                self._act()
        except BaseException as error:  # noqa: BLE001 - told to whoever asks, on their thread
            self._failed = error

    def _act(self) -> None:
        name = f"deed-{len(self.done)}"
        episode, action = self._random.choice(self._episodes), self._random.choice(_ACTIONS)
        said: dict[str, Any] = {"assignee": name} if action == "assign" else {"reason": name}
        if action == "snooze" and self._random.random() < 0.8:
            soon = datetime.now(UTC) + timedelta(seconds=self._random.uniform(1, 5))  # noqa: TID251
            said["until"] = soon.isoformat()
        answer = self._post(f"/v1/alerts/{episode}/{action}", said, name)
        self.done.append(Deed(name, episode, answer.status_code, answer.json().get("sequence")))

    def _post(self, path: str, body: dict[str, Any], key: str) -> httpx.Response:
        """Sends it until it is answered by more than a shrug."""
        while True:
            try:
                answer = self._http.post(path, json=body, headers={"Idempotency-Key": key})
                if answer.status_code not in (429, 500, 502, 503):
                    late = "is not in the future" in answer.text  # its moment went by while nobody answered
                    assert answer.status_code in (200, 201, 409) or late, (
                        f"{answer.status_code} to {path}: {answer.text}"
                    )
                    return answer
            except httpx.HTTPError:
                pass
            time.sleep(0.2)


def _fired(episode: str, now: datetime) -> tuple[AlertRecord, list[TransitionRecord]]:
    alert = AlertRecord(
        episode=episode,
        fingerprint=f"f-{episode}",
        kind=AlertKind.BEHAVIOR_DROPPED,
        behavior="report",
        origin=Origin.LIVE,
        onset=now - timedelta(days=9),
        fired_at=now,
        sentence="Somebody's report fell.",
        evidence={},
    )
    after, step = step_of(alert, Transition.FIRED, now, "6.1 > 4.0")
    return after, [step]

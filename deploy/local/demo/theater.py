"""The demo while it runs: what is known of it at a moment, asked from the API."""

import threading
import time
from typing import Any

import msgspec

from deploy.local.api import Api
from deploy.local.demo.activity import World
from deploy.local.demo.chapters import Alert, chapter, score
from deploy.local.demo.receiver import Receiver
from deploy.local.demo.state import Scene, lag_of
from deploy.local.demo.stories import Story
from deploy.local.demo.view import View
from deploy.local.importing.payloads import Request
from schemas.alerts import DETECTED
from schemas.clock import Clock


class Company(msgspec.Struct, frozen=True):
    """The made-up company, the stories in it, and its past as an import's bodies."""

    world: World
    stories: list[Story]
    past: list[Request]


class Theater:
    """Looks at the running demo and shows it. `imported` and `sent` are told by whoever plays."""

    def __init__(
        self, company: Company, api: Api, receiver: Receiver, clock: Clock, view: View, addresses: dict[str, str]
    ) -> None:
        self.company = company
        self.view = view
        self.abandoned = threading.Event()
        self.imported = 0
        self.sent = 0
        self.alerts: list[Alert] = []
        self.scene: Scene | None = None
        self._api, self._receiver, self._clock, self._addresses = api, receiver, clock, addresses
        self._before = (time.monotonic(), 0)
        self._rate = 0.0

    def look(self, phase: str) -> dict[str, Any]:
        """Asks how things are and shows it; the API's status, for whoever waits for it."""
        status: dict[str, Any] = self._api.get("/v1/status")
        self.alerts = list(self._api.all("/v1/alerts"))
        self._measure()
        self.scene = self._scene(phase, status)
        self.view.show(self.scene)
        return status

    def _measure(self) -> None:
        then, sent = self._before
        now = time.monotonic()
        if now - then >= 1:
            self._rate, self._before = (self.sent - sent) / (now - then), (now, self.sent)

    def _scene(self, phase: str, status: dict[str, Any]) -> Scene:
        return Scene(
            now=self._clock.datetime(),
            phase=phase,
            imported=self.imported,
            sent=self.sent,
            rate=self._rate,
            lag=lag_of(status),
            evaluated_to=status["evaluated_to"],
            accounts=status["counts"]["accounts"],
            unassigned=status["counts"]["unassigned"],
            alerts=self.alerts,
            open_alerts=status["counts"]["open_alerts"],
            chapters=[chapter(story, self.alerts, DETECTED) for story in self.company.stories],
            score=score(self.company.world.customers, self.alerts),
            webhooks=len(self._receiver.verified),
            webhooks_refused=self._receiver.refused,
            addresses=self._addresses,
        )

"""A small typed client of the API, for scripts and for `ebbtide alerts`.

with Client("http://127.0.0.1:8080", key) as client:
for alert in client.alerts(state="open", sort="priority"):
client.acknowledge(alert.id, reason="I am calling them")
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
import msgspec

from schemas.errors import EbbtideError

Kind = TypeVar("Kind")
_TIMEOUT = 30.0


class ApiError(EbbtideError):
    """The API refused a request; `code` is its stable word for why, the text is for people."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.code = status, code


class Account(msgspec.Struct, frozen=True):
    """The account of an alert."""

    id: str
    name: str
    arr: float | None = None
    currency: str | None = None
    csm: str | None = None


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """An alert, as far as scripts commonly need it; the API's description has every field."""

    id: str
    kind: str
    state: str
    origin: str
    account: Account | None
    segment: str | None
    behavior: str | None
    csm: str | None
    assignee: str | None
    priority: float
    fired_at: datetime
    resolved_at: datetime | None
    snoozed_until: datetime | None
    silenced_by: str | None
    inhibited_by: str | None
    sequence: int
    sentence: str


class Step(msgspec.Struct, frozen=True):
    """A step of an alert's life."""

    sequence: int
    transition: str
    at: datetime
    actor: str
    reason: str
    told: bool


class AlertDetail(Alert, frozen=True, kw_only=True):
    """An alert with its evidence and its history."""

    evidence: dict[str, Any]
    transitions: list[Step]


class Client:
    """One workspace of the API at `url`, seen with `key`. Every write is sent with an Idempotency-Key."""

    def __init__(self, url: str, key: str, transport: httpx.BaseTransport | None = None) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        self._http = httpx.Client(base_url=url, headers=headers, timeout=_TIMEOUT, transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def alerts(self, limit: int | None = None, **filters: Any) -> Iterator[Alert]:
        """Every alert that meets the filters of `GET /v1/alerts`, page after page; at most `limit`."""
        left, asked = limit, {**filters, "limit": min(limit or 500, 500)}
        while True:
            page = self._ask("GET", "/v1/alerts", params=asked)
            for item in page["items"]:
                yield msgspec.convert(item, Alert)
                if left is not None and (left := left - 1) <= 0:
                    return
            if page["next_cursor"] is None:
                return
            asked["cursor"] = page["next_cursor"]

    def alert(self, alert: str) -> AlertDetail:
        """One alert with its evidence and its history."""
        return msgspec.convert(self._ask("GET", f"/v1/alerts/{alert}"), AlertDetail)

    def acknowledge(self, alert: str, **said: Any) -> AlertDetail:
        """Says that somebody is at it; `reason`, `actor`, and `read_at`: only if it stands at that sequence still."""
        return self._act(alert, "acknowledge", said)

    def snooze(self, alert: str, **said: Any) -> AlertDetail:
        """Keeps it quiet `until` a moment (ISO), else until it gets worse."""
        return self._act(alert, "snooze", said)

    def resolve(self, alert: str, **said: Any) -> AlertDetail:
        """Closes it."""
        return self._act(alert, "resolve", said)

    def reopen(self, alert: str, **said: Any) -> AlertDetail:
        """Takes back what people said of it."""
        return self._act(alert, "reopen", said)

    def assign(self, alert: str, assignee: str | None, **said: Any) -> AlertDetail:
        """Gives it to somebody, or to nobody."""
        return self._act(alert, "assign", {"assignee": assignee, **said})

    def judge(self, alert: str, verdict: str, **said: Any) -> AlertDetail:
        """Says whether it was right: true, false or known; `note` and `actor`."""
        return self._act(alert, "verdict", {"verdict": verdict, **said})

    def _act(self, alert: str, action: str, said: dict[str, Any]) -> AlertDetail:
        read_at = said.pop("read_at", None)
        headers = {} if read_at is None else {"If-Match": f'"{read_at}"'}
        body = {name: value for name, value in said.items() if value is not None or name == "assignee"}
        return msgspec.convert(
            self._ask("POST", f"/v1/alerts/{alert}/{action}", json=body, headers=headers), AlertDetail
        )

    def _ask(self, method: str, path: str, *, headers: dict[str, str] | None = None, **more: Any) -> Any:
        own = {"Idempotency-Key": str(uuid.uuid4())} if method != "GET" else {}
        try:
            answer = self._http.request(method, path, headers=own | (headers or {}), **more)
        except httpx.HTTPError as error:
            raise ApiError(0, "unreachable", f"The API does not answer ({error}). Is it running?") from error
        if answer.is_success:
            return answer.json()
        try:
            problem = answer.json()
            raise ApiError(answer.status_code, problem["code"], problem["detail"])
        except (ValueError, KeyError, TypeError):
            raise ApiError(answer.status_code, "error", f"The API answered {answer.status_code}.") from None

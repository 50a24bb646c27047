"""The collector as an import sees it: one body after the other, each sent until it is answered for good."""

import threading
import time
from collections.abc import Callable
from typing import Any, Self

import httpx
import msgspec
import zstandard

from deploy.local.importing.errors import RefusedError
from deploy.local.importing.payloads import Request

_LONGEST_WAIT = 30.0


class Refused(msgspec.Struct, frozen=True):
    """A row that was not taken: its line in the file, a stable word for why, and a sentence."""

    line: int
    code: str
    message: str


class Reply(msgspec.Struct, frozen=True):
    """What became of one body."""

    accepted: int
    rejected: list[Refused]


class Collector:
    """Sends the bodies of one import. `patience` is how long (s) an outage may last; `waiting` is told of each wait."""

    def __init__(
        self,
        url: str,
        write_key: str,
        import_id: str,
        *,
        patience: float = 600,
        waiting: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._client = httpx.Client(base_url=url, auth=(write_key, ""), timeout=60, params={"import_id": import_id})
        self._import_id = import_id
        self._patience = patience
        self._waiting = waiting
        self._over = threading.Event()
        self._compress = zstandard.ZstdCompressor(level=1).compress

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def send(self, request: Request) -> Reply:
        """Sends one body. Raises RefusedError where the collector will never take it, or is away for too long."""
        sent = [payload.row.line for payload in request.payloads if payload.line]
        own = [Refused(p.row.line, "unreadable", p.row.problem) for p in request.payloads if not p.line]
        if not sent:
            return Reply(0, own)
        answer = self._post(
            "/v1/import",
            content=self._compress(request.body),
            headers={"Content-Type": "application/x-ndjson", "Content-Encoding": "zstd"},
        )
        refused = [Refused(sent[r["index"]], r["code"], r["message"]) for r in answer.get("rejected", [])]
        return Reply(len(sent) - len(refused), sorted([*own, *refused], key=lambda r: r.line))

    def close_import(self) -> None:
        """Tells that nothing more comes, so that the history can be evaluated."""
        self._post(f"/v1/import/{self._import_id}/close")

    def give_up(self) -> None:
        """Ends the wait of a `send` that runs in another thread."""
        self._over.set()

    def _post(self, path: str, **more: Any) -> dict[str, Any]:
        deadline, attempt = time.monotonic() + self._patience, 0
        while True:
            wait, why = min(_LONGEST_WAIT, 0.5 * 2**attempt), ""
            try:
                response = self._client.post(path, **more)
                if response.status_code not in (429, 503):
                    return _answer(response)
                wait, why = float(response.headers.get("Retry-After", wait)), response.text
            except httpx.TransportError as error:
                why = f"{type(error).__name__}: {error}"
            if time.monotonic() + wait > deadline:
                raise RefusedError(f"The collector at {self._client.base_url} does not take events: {why}. {_RESUME}")
            self._waiting(f"The collector is not ready ({why[:200]}); trying again in {wait:.0f} s.")
            if self._over.wait(wait):
                raise RefusedError(f"The import was stopped. {_RESUME}")
            attempt += 1


_RESUME = "What was accepted before is kept; run the same command again to go on from there."


def _answer(response: httpx.Response) -> dict[str, Any]:
    try:
        answer = response.json()
    except ValueError:
        answer = {}
    # 400 with a list: none of the rows was valid, each with its reason.
    if response.status_code == 200 or (response.status_code == 400 and answer.get("rejected")):
        return dict(answer)
    raise RefusedError(
        f"The collector refused the import ({response.status_code} {answer.get('code', '')}): "
        f"{answer.get('message', response.text[:300])} {_RESUME}"
    )

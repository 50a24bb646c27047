"""The API as our own commands use it."""

import time
from collections.abc import Iterable, Iterator
from typing import Any, Self

import httpx

from schemas.errors import EbbtideError, UnavailableError

_PAGE = 500
_PATIENCE = 30.0


class ApiError(EbbtideError):
    """The API refused; its own words say why."""


class Api:
    """The API at `url`, with a key. A part that does not answer is asked again for half a minute."""

    def __init__(self, url: str, key: str, patience: float = _PATIENCE) -> None:
        self._client = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=30)
        self._patience = patience

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def get(self, path: str, **query: Any) -> Any:
        """What stands at a path."""
        return self._ask("GET", path, params={name: value for name, value in query.items() if value is not None})

    def post(self, path: str, body: Any) -> Any:
        """Sends JSON."""
        return self._ask("POST", path, json=body)

    def send(self, path: str, content: bytes, media_type: str) -> Any:
        """Sends a body of another kind."""
        return self._ask("POST", path, content=content, headers={"Content-Type": media_type})

    def all(self, path: str, **query: Any) -> Iterator[Any]:
        """Every item of a list, page after page."""
        cursor = None
        while True:
            page = self.get(path, limit=_PAGE, cursor=cursor, **query)
            yield from page["items"]
            cursor = page.get("next_cursor")
            if not cursor:
                return

    def put_accounts(self, rows: Iterable[dict[str, Any]]) -> Any:
        """Sets the traits of many accounts."""
        return self.post("/v1/accounts:import", list(rows))

    def _ask(self, method: str, path: str, **more: Any) -> Any:
        deadline = time.monotonic() + self._patience
        while True:
            try:
                response = self._client.request(method, path, **more)
                if response.status_code not in (429, 502, 503):
                    return _content(response)
                why = response.text[:300]
            except httpx.TransportError as error:
                why = f"{type(error).__name__}: {error}"
            if time.monotonic() > deadline:
                raise UnavailableError(f"The API at {self._client.base_url} does not answer {method} {path}: {why}")
            time.sleep(0.5)


def _content(response: httpx.Response) -> Any:
    if response.is_success:
        return response.json() if response.content else None
    try:
        detail = response.json().get("detail", response.text)
    except ValueError:
        detail = response.text
    request = response.request
    raise ApiError(
        f"The API answered {response.status_code} to {request.method} {request.url.path}: {str(detail)[:500]}"
    )

"""What every receiver is sent: a POST with a JSON body."""

from typing import Any, NamedTuple

import msgspec


class Request(NamedTuple):
    """A POST."""

    url: str
    headers: dict[str, str]
    body: bytes


def json_request(url: str, body: Any) -> Request:
    """A POST of some JSON."""
    return Request(url, {"content-type": "application/json", "user-agent": "ebbtide/1"}, msgspec.json.encode(body))

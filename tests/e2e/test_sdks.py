"""What the official SDKs send is counted: it stands in the windows that the API shows."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from deploy.local.stack import Stack
from schemas.clock import to_datetime, wall_ms
from tests import sdks


@pytest.mark.parametrize("send", sdks.ALL, ids=lambda send: send.__name__)
def test_an_sdk_s_events_are_in_the_windows(
    stack: Stack, workspace: Any, eventually: Callable[..., Any], send: sdks.Send
) -> None:
    now = to_datetime(wall_ms()).replace(microsecond=0)
    times = [now - timedelta(hours=hours) for hours in (30, 20, 2)]
    collector = stack.url("collector")
    auth = (workspace.write_key, "")
    eventually(lambda: httpx.post(f"{collector}/v1/validate", json=[], auth=auth).status_code == 200)
    send(collector, workspace.write_key, times)

    def counted() -> list[tuple[str, int, int]]:
        asked = {"behavior": sdks.NAME, "from": (now - timedelta(hours=40)).isoformat(), "to": now.isoformat()}
        url = f"{stack.url('api')}/v1/accounts/{sdks.ACCOUNT}/windows"
        answer = httpx.get(url, params=asked | {"span": "hour"}, headers=_bearer(workspace.api_key))
        if answer.status_code != 200:
            return []
        return [(w["start"], w["events"], w["users"]) for w in answer.json()["windows"] if w["events"]]

    found = eventually(lambda: counted() if len(counted()) == 3 else None, patience=40)
    hours = [at.replace(minute=0, second=0) for at in times]
    assert [(_hour(start), events, users) for start, events, users in found] == [(hour, 1, 1) for hour in hours]


def _hour(start: str) -> datetime:
    return datetime.fromisoformat(start)


def _bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}

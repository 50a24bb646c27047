"""Whatever is sent to the collector and the API, nothing of it makes them fail; `make fuzz` sends 100,000 cases."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from deploy.local.stack import Stack
from tests.fuzz.driver import fuzz


@pytest.mark.parametrize("name", ["collector", "api"])
def test_nothing_that_is_sent_makes_us_fail(
    stack: Stack, workspace: Any, eventually: Callable[..., Any], name: str
) -> None:
    key = workspace.write_key if name == "collector" else workspace.api_key
    auth = (workspace.write_key, "")
    eventually(lambda: httpx.post(f"{stack.url('collector')}/v1/validate", json=[], auth=auth).status_code == 200)
    report = fuzz(stack.url(name), {"Authorization": f"Bearer {key}"}, cases=1_000)
    assert report.faults == []
    assert report.sent >= 1_000
    assert sum(count for status, count in report.statuses.items() if status < 300) > 100
    assert sum(count for status, count in report.statuses.items() if status >= 400) > 100

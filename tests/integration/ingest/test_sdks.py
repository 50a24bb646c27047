"""What the official SDKs send arrives on the topic, whole and once."""

from datetime import timedelta
from typing import Any

import pytest

from schemas.clock import to_datetime, to_ms, wall_ms
from schemas.events import Kind
from tests import sdks


@pytest.mark.parametrize("send", sdks.ALL, ids=lambda send: send.__name__)
def test_the_story_of_an_sdk(sender: Any, send: sdks.Send) -> None:
    now = to_datetime(wall_ms()).replace(microsecond=0)
    times = [now - timedelta(hours=hours) for hours in (30, 20, 2)]
    send(sender.url, sender.key, times)
    events = sender.events()
    tracked = [event for event in events if event.kind is Kind.TRACK]
    assert [(event.name, event.account, event.user) for event in tracked] == [("Report Exported", "acme", "ada")] * 3
    assert sorted(event.time for event in tracked) == [to_ms(at) for at in times]
    assert all(event.properties["rows"] == 7 for event in tracked)
    (group,) = [event for event in events if event.kind is Kind.GROUP]
    assert (group.account, group.user, group.properties["name"]) == ("acme", "ada", "Acme")
    (identify,) = [event for event in events if event.kind is Kind.IDENTIFY]
    assert (identify.user, identify.properties["role"]) == ("ada", "admin")
    assert len({event.id for event in events}) == len(events) == 5
    assert sender.rejections() == []

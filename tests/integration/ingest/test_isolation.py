"""Whatever is sent, by whichever path, lands in the workspace of its key and in no other."""

import uuid
from typing import Any

import pytest

from ingest.formats import Format
from ingest.routes import SHAPES
from ingest.shapes import Form, Shape
from schemas.topics import EVENTS, HISTORY


def body(shape: Shape, user: str) -> Any:
    """Something good in that shape, by `user`."""
    one: dict[str, Any]
    match shape.format:
        case Format.SEGMENT:
            one = {"type": shape.call or "track", "event": "x", "name": "x", "userId": user, "previousId": "before"}
            one |= {"groupId": "acme", "context": {"groupId": "acme"}}
        case Format.POSTHOG:
            one = {"event": "x", "distinct_id": user, "properties": {"$groups": {"company": "acme"}}}
        case _:
            one = {"time": "2026-01-01T00:00:00Z", "account": "acme", "user": user, "behavior": "x"}
    return {Form.BATCH: {"batch": [one]}, Form.ROWS: [one]}.get(shape.form, one)


@pytest.mark.parametrize("path", [path for path, shape in SHAPES.items() if shape.keep])
def test_what_is_sent_lands_in_its_key_s_workspace_alone(sender: Any, topics: Any, path: str) -> None:
    user = uuid.uuid4().hex
    answer = sender.post(path, body(SHAPES[path], user))
    assert answer.status_code == 200, answer.text
    found = {
        batch.workspace
        for topic in (EVENTS, HISTORY)
        for _, batch in topics.batches(topic)
        for i in range(len(batch))
        if batch.event(i).user == user
    }
    assert found == {sender.workspace}

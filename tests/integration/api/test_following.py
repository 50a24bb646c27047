"""The stream of changes, and the client that scripts and the command line use."""

import json
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from api.client import ApiError, Client
from deploy.local.cli import app as cli


def events(text: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Each event's id, name and data."""
    found = []
    for block in text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line and not line.startswith(":"))
        if "data" in lines:
            found.append((lines["id"], lines["event"], json.loads(lines["data"])))
    return found


def follow(client: httpx.Client, seeded: Any, after: str | None = None, seconds: float = 1.5, query: str = "") -> str:
    headers = seeded.headers | ({} if after is None else {"Last-Event-ID": after})
    answer = client.get(f"/v1/changes?seconds={seconds}{query}", headers=headers)
    assert answer.headers["content-type"].startswith("text/event-stream")
    return answer.text


def act(client: httpx.Client, seeded: Any, action: str) -> None:
    answer = client.post(f"/v1/alerts/{seeded.alert}/{action}", headers=seeded.headers, json={})
    assert answer.status_code == 200


def test_steps_come_as_they_are_taken_and_only_ones_own(client: httpx.Client, alpha: Any, beta: Any) -> None:
    heard: list[str] = []
    listening = threading.Thread(target=lambda: heard.append(follow(client, alpha, seconds=6)))
    first = follow(client, alpha, seconds=0.2)
    start = first.partition("id: ")[2].partition("\n")[0]
    act(client, alpha, "acknowledge")
    act(client, beta, "acknowledge")
    listening.start()
    act(client, alpha, "resolve")
    found = events(follow(client, alpha, start, seconds=3))
    listening.join()
    assert [(name, said["alert"], said["sequence"]) for _, name, said in found] == [
        ("acknowledged", alpha.alert, 2),
        ("closed", alpha.alert, 3),
    ]
    assert found[0][2]["account"] == alpha.account
    rest = events(follow(client, alpha, found[0][0]))
    assert [name for _, name, _ in rest] == ["closed"], "after an id come those behind it, none twice"
    assert events(follow(client, alpha, start, query="&csm=nobody")) == []
    assert client.get("/v1/changes", headers=alpha.headers | {"Last-Event-ID": "x"}).status_code == 422


def test_a_script_lists_and_acts(client: httpx.Client, alpha: Any, seeder: Any) -> None:
    with Client(str(client.base_url), alpha.key) as api:
        [alert] = api.alerts(state="open", sort="priority")
        assert (alert.id, alert.account.id if alert.account else None) == (alpha.alert, alpha.account)
        done = api.acknowledge(alert.id, reason="calling", read_at=alert.sequence)
        assert (done.state, done.transitions[-1].reason) == ("acknowledged", "calling")
        with pytest.raises(ApiError, match="taken a step since") as refused:
            api.resolve(alert.id, read_at=alert.sequence)
        assert (refused.value.status, refused.value.code) == (412, "changed")
        assert api.assign(alert.id, "kim").assignee == "kim"
        assert api.assign(alert.id, None).assignee is None
        assert api.judge(alert.id, "known", note="we knew").sequence == 5
        assert api.snooze(alert.id, until="2026-05-04T07:00:00Z").state == "snoozed"
        assert api.reopen(alert.id).state == "firing"
        assert api.alert(alert.id).evidence["observed"] == 5


def test_a_client_pages_through_everything(client: httpx.Client, alpha: Any, seeder: Any) -> None:
    for day in range(7):
        seeder.alert(alpha.number, "alpha", alpha.account, datetime(2026, 3, 1, tzinfo=UTC) + timedelta(days=day))
    with Client(str(client.base_url), alpha.key) as api:
        assert len({alert.id for alert in api.alerts()}) == 8
        assert len(list(api.alerts(limit=3))) == 3


def test_the_command_line_lists_shows_and_acts(client: httpx.Client, alpha: Any) -> None:
    def run(*words: str, code: int = 0) -> str:
        done = CliRunner().invoke(cli, ["alerts", "--url", str(client.base_url), "--key", alpha.key, *words])
        assert done.exit_code == code, done.output
        return done.output

    assert json.loads(run("list", "--json"))["id"] == alpha.alert
    assert (
        json.loads(run("act", "acknowledge", alpha.alert, "--reason", "calling", "--json"))["state"] == "acknowledged"
    )
    assert "acknowledged by alpha key: calling" in run("show", alpha.alert)
    run("act", "acknowledge", alpha.alert, code=1)
    run("act", "verdict", alpha.alert, code=2)
    assert json.loads(run("act", "verdict", alpha.alert, "--verdict", "true", "--json"))["sequence"] == 3

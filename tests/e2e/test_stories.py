"""Stories told on the real pipeline: events over HTTP in, an explained alert and a signed webhook out."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from deploy.local.stack import Stack
from schemas.clock import ClockFile, to_ms, wall_ms, write_clock

FIRST = date(2026, 1, 5)  # a Monday
TEAM = ("ada", "bob", "cyd", "dan", "eve", "fay")
FADES, LAST = 90, 112  # days after FIRST


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[tuple[dict[str, str], str]]]]:
    """Where webhooks go: its address, and what came."""
    got: list[tuple[dict[str, str], str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            got.append((dict(self.headers), body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/hook", got
        server.shutdown()


@pytest.fixture
def present(tmp_path: Path, new_stack: Callable[..., Stack]) -> Stack:
    """The product on the day after the story's last."""
    clock = tmp_path / "clock.json"
    moment = datetime(FIRST.year, FIRST.month, FIRST.day, 3, tzinfo=UTC) + timedelta(days=LAST)
    write_clock(clock, ClockFile(wall_ms(), to_ms(moment), 1.0))
    tmp_path.chmod(0o755)
    return new_stack({"EBBTIDE_CLOCK_FILE": str(clock), "EBBTIDE_WEBHOOKS_ALLOW_PRIVATE": "true"}, durable=False)


def events() -> Iterator[dict[str, Any]]:
    """Acme's six people come every weekday, then one after the other stops; five peers stay as they are."""
    for day in range(LAST):
        if day % 7 >= 5:
            continue
        gone = 0 if day < FADES else min(5, 2 + (day - FADES) // 2)
        there = {"acme": TEAM[gone:]} | {f"peer-{i}": tuple(f"p{i}-{j}" for j in range(4)) for i in range(5)}
        for account, people in there.items():
            for at, user in enumerate(people):
                time = datetime(FIRST.year, FIRST.month, FIRST.day, 9, at, tzinfo=UTC) + timedelta(days=day)
                yield {
                    "type": "track", "event": "route.optimized", "userId": user, "messageId": f"{day}-{user}",
                    "context": {"groupId": account}, "timestamp": time.isoformat(),
                }  # fmt: skip


def send(stack: Stack) -> None:
    batch = list(events())
    with httpx.Client(base_url=stack.url("collector"), auth=(stack.write_key, ""), timeout=30) as client:
        for begin in range(0, len(batch), 200):
            client.post("/v1/batch", json={"batch": batch[begin : begin + 200]}).raise_for_status()


def test_six_users_become_one(
    present: Stack, receiver: tuple[str, list[tuple[dict[str, str], str]]], eventually: Callable[..., Any]
) -> None:
    url, got = receiver
    with httpx.Client(
        base_url=present.url("api"), headers={"authorization": f"Bearer {present.api_key}"}, timeout=30
    ) as api:
        secret = api.post("/v1/webhooks", json={"url": url}).raise_for_status().json()["secret"]
        send(present)

        def told() -> Any:
            found = api.get("/v1/alerts", params={"account": "acme", "state": "open"})
            settled = api.get("/v1/status").json()
            behind = settled["dirty_from"] or settled["pending_from"] or not settled["evaluated_to"]
            return found.json()["items"] if found.status_code == 200 and not behind else None

        [alert] = eventually(told, patience=60)
        shown = api.get(f"/v1/alerts/{alert['id']}").raise_for_status().json()
        eventually(lambda: any(alert["id"] in body for _, body in got), patience=30)
        open_now = api.get("/v1/alerts", params={"state": "open"}).json()["items"]
        assert [one["account"]["id"] for one in open_now] == ["acme"]
    evidence = shown["evidence"]
    assert (shown["kind"], shown["state"], shown["origin"]) == ("behavior.dropped", "firing", "live")
    assert evidence["users_before"] == 6
    assert evidence["observed"] < evidence["low"] < evidence["expected"]
    assert abs((date.fromisoformat(evidence["since"]) - (FIRST + timedelta(days=FADES))).days) <= 4
    assert {user["user"] for user in evidence["users_gone"]} <= set(TEAM[:5])
    assert evidence["users_gone"]
    assert evidence["segment_accounts"] == 5
    assert evidence["segment_factor"] == pytest.approx(1, abs=0.1)
    assert "user-days where" in shown["sentence"]
    headers, body = next((headers, body) for headers, body in got if alert["id"] in body)
    message = Webhook(secret).verify(body, headers)
    assert message["type"] == "alert.firing"
    assert message["data"]["sentence"].startswith("acme: ")

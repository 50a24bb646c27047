"""No log of the running product holds a secret or a person, whatever goes wrong."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httpx
from kafka import KafkaProducer

from deploy.local.stack import Stack
from schemas.keys import new_secret
from schemas.topics import EVENTS, REJECTED, TICKS

CANARY = "kanarienvogel"
MAIL = f"{CANARY}@example.com"
PERSON = {"email": MAIL, "phone": CANARY, "ip": "203.0.113.77", "name": f'{CANARY}\'s "name"'}


def batches() -> list[bytes | dict[str, Any]]:
    """What people send, and what nobody should."""
    good = {"type": "track", "event": "opened", "userId": CANARY, "properties": PERSON, "context": {"groupId": CANARY}}
    return [
        {"batch": [good, {"type": "identify", "userId": MAIL, "traits": PERSON}]},
        {"batch": [{**good, "timestamp": CANARY}, {**good, "type": CANARY}, {**good, "userId": {"a": CANARY}}]},
        {"batch": [{"type": "alias", "userId": CANARY, "previousId": MAIL}, {"type": "group", "groupId": CANARY}]},
        b'{"batch": [' + CANARY.encode(),
        b'"\\ud800' + CANARY.encode() + b'"',
        b"\xff\xfe" + CANARY.encode(),
        b'{"batch":' + b"[" * 1_000 + CANARY.encode(),
    ]


def wrongs(account: str, user: str) -> list[tuple[str, str, dict[str, Any]]]:
    """What the API is asked: some of it is fine, some refused, each with a person in it."""
    hook = {"url": f"http://127.0.0.1:9/{CANARY}?token={CANARY}"}
    return [
        ("PUT", account, {"json": {"traits": PERSON}}),
        ("PUT", account, {"json": {"traits": {"arr": CANARY, "time_zone": CANARY}}}),
        ("PUT", user, {"json": {"account": CANARY, "role": "champion", "traits": PERSON}}),
        ("POST", f"{user}/identities", {"json": {"previous": MAIL}}),
        ("POST", f"{account}/signals", {"json": {"id": CANARY, "signal": CANARY, "participants": [MAIL]}}),
        ("POST", "/v1/accounts:import", {"content": f"account,name\n{CANARY},\x00{MAIL}\n"}),
        ("POST", "/v1/webhooks", {"json": hook}),
        ("GET", f"/v1/alerts?q={CANARY}&cursor={CANARY}", {}),
        ("GET", f"{account}/windows?from={CANARY}", {}),
    ]


def test_no_log_names_a_person_or_a_secret(stack: Stack, workspace: Any, eventually: Callable[..., Any]) -> None:
    collector, api = stack.url("collector"), stack.url("api")
    unknown, auth = new_secret(), (workspace.write_key, "")
    eventually(lambda: httpx.post(f"{collector}/v1/validate", json=[], auth=auth).status_code == 200)
    for body in batches():
        sent = {"content": body} if isinstance(body, bytes) else {"json": body}
        for path in ("/v1/batch", "/batch/", "/v1/import", "/v1/validate"):
            for secret in (workspace.write_key, unknown, MAIL):
                httpx.post(f"{collector}{path}", auth=(secret, CANARY), **sent)
    with httpx.Client(base_url=api, headers={"Authorization": f"Bearer {workspace.api_key}"}, timeout=30) as client:
        for method, path, sent in wrongs(f"/v1/accounts/{CANARY}", f"/v1/users/{MAIL}"):
            client.request(method, path, **sent)
        hooks = client.get("/v1/webhooks").json()["items"]
        for hook in hooks:
            client.post(f"/v1/webhooks/{hook['id']}/test")
        client.get("/v1/status", headers={"Authorization": f"Bearer {unknown}"})
        client.post("/login", data={"key": workspace.api_key, "then": CANARY})
        client.get("/", params={"key": workspace.api_key})
    producer = KafkaProducer(bootstrap_servers=stack.kafka)
    for topic in (EVENTS, REJECTED, TICKS):
        producer.send(topic, CANARY.encode(), key=CANARY.encode())
    producer.close()
    eventually(lambda: counted(api, workspace.api_key), patience=40)
    eventually(lambda: "tick.unreadable" in (stack.home / "logs" / "worker-1.log").read_text())
    logs = {path.name: path.read_text(errors="replace") for path in (stack.home / "logs").iterdir()}
    assert {"collector.log", "worker-1.log", "api.log", "prepare.log"} <= logs.keys()
    kept = (CANARY, "203.0.113.77", workspace.write_key[4:], workspace.api_key[4:], unknown[4:], stack.write_key[4:])
    for name, text in logs.items():
        for secret in (*kept, stack.api_key[4:], stack.database.partition("://")[2].partition("@")[0]):
            assert secret not in text, f"{name} holds {secret}"


def counted(api: str, key: str) -> bool:
    """Whether the worker has taken what was sent: the events, and what it could not read."""
    with suppress(httpx.HTTPError):
        answer = httpx.get(f"{api}/v1/accounts/{CANARY}", headers={"Authorization": f"Bearer {key}"})
        return answer.status_code == 200 and bool(answer.json()["behaviors"])
    return False

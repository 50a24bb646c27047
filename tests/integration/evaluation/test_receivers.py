"""Each kind of receiver against a local one that holds what it gets against the published schema, or the real thing."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path

import httpx
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft6Validator, Draft202012Validator

from deploy.local import cache
from schemas.clock import to_datetime, wall_ms
from schemas.database import endpoints as stored
from schemas.errors import DefinitionError
from schemas.messages import TYPES, Account, AlertData, DigestData, EndpointData, text_of
from schemas.receivers import hears
from schemas.webhooks import Message
from streams.receivers import REQUESTS
from streams.receivers.email import letter
from tests.integration.evaluation.delivering import endpoint, free_port, logged, post, run, states

CONTRACTS = Path(__file__).parents[2] / "contracts"
TEMPLATES = Path("/usr/share/prometheus/alertmanager")
KEY = "0123456789abcdef0123456789ABCDEF"
HOSTILE = "<!channel> [link](https://example.com) *Ä&Ω*\r\nBcc: all@example.com"


def contract(name):
    return json.loads((CONTRACTS / name).read_text())


def holds(kind, body):
    """Whether a body is what its receiver documents; raises with what is wrong."""
    if kind == "teams":
        [attachment] = body["attachments"]
        assert (body["type"], attachment["contentType"]) == ("message", "application/vnd.microsoft.card.adaptive")
        assert len(json.dumps(body, ensure_ascii=False).encode()) <= 28_000
        Draft6Validator(contract("adaptive-card-1.4.json")).validate(attachment["content"])
    else:
        name = {"slack": "slack-message.json", "pagerduty": "pagerduty-event.json"}[kind]
        Draft202012Validator(contract(name)).validate(body)
    return True


def told(name="alert.firing", account="Acme", sentence="Acme: it fell from 29 to 5.", at=None, **evidence):
    """A message as it lies in the outbox."""
    at = at or to_datetime(wall_ms())
    shown = {"observed": 5.0, "expected": 29.0, "low": 21.0, "high": 38.0, "since": "2026-03-01", "next_step": "Call."}
    data = AlertData(
        id="0f6c3a1be7d94c58a1d2e3f405162738", sequence=1, transition="fired", reason="6.1 > 4.0", at=at,
        kind="behavior.dropped", state="firing", account=Account("acme", account), segment=None,
        behavior="report.exported", onset=at, fired_at=at, resolved_at=None, sentence=sentence, actor="ebbtide",
        evidence=shown | evidence, fingerprint="f1", csm="kim", assignee=None, priority=1.0,
    )  # fmt: skip
    return text_of(name, data, at)


OPTIONS = {"slack": {}, "teams": {}, "pagerduty": {"routing_key": KEY}, "alertmanager": {}}


@pytest.mark.parametrize("kind", ["slack", "teams", "pagerduty"])
def test_what_arrives_is_what_the_receiver_documents(scene, receiver, kind):
    made = endpoint(scene, receiver.url, receiver=kind, options=OPTIONS[kind])
    names = ("alert.firing", "alert.worsened", "alert.resolved")
    for sequence, name in enumerate(names, 1):
        post(scene, made["id"], sequence, payload=told(name, account=HOSTILE))
    with scene.engine.begin() as connection:
        stored.send_test(connection, scene.number, made["id"])
    run(scene.engine, lambda: states(scene) == ["delivered"] * 4)
    bodies = [json.loads(body) for _, body in receiver.got]
    assert all(holds(kind, body) for body in bodies)
    if kind == "pagerduty":
        alerts = [body for body in bodies if body["dedup_key"] == "0f6c3a1be7d94c58a1d2e3f405162738"]
        assert [body["event_action"] for body in alerts] == ["trigger", "trigger", "resolve"]
    else:
        assert "Acme" in json.dumps(bodies[0])


@pytest.mark.parametrize("kind", ["slack", "teams", "pagerduty"])
@given(text=st.text(min_size=1, max_size=300), times=st.integers(1, 80), users=st.lists(st.text(), max_size=60))
def test_no_text_breaks_a_limit(kind, text, times, users):
    payload = told(account=text, sentence=text * times, users_gone=[{"user": user} for user in users])
    message = Message(1, "ep", "msg_1", payload, 1, "f1", kind, OPTIONS[kind], "https://example.com/", [], 1)
    request = REQUESTS[kind](message, json.loads(payload), to_datetime(0))
    assert holds(kind, json.loads(request.body))


def week(at):
    """A digest as it lies in the outbox."""
    lists = {name: [] for name in ("call_first", "new", "worsened", "resolved", "left_for_digest")}
    said = {"text": "Call first: Acme.", "html": "<p>Call first: <b>Acme</b>.</p>"}
    return DigestData(csm="kim", since=at, until=at, accounts=3, judged_arr=None, counts={}, **lists, **said)


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("kind", [*OPTIONS, "email"])
def test_whatever_a_receiver_hears_it_can_read(kind, name):
    if not hears(kind, name):
        return
    at = to_datetime(0)
    about = {
        "digest.weekly": week(at),
        "endpoint.test": EndpointData(id="ep"),
        "endpoint.disabled": EndpointData(id="ep"),
    }
    payload = text_of(name, about[name], at) if name in about else told(name, at=at)
    options = OPTIONS.get(kind, {"to": ["kim@example.com"]})
    message = Message(1, "ep", "msg_1", payload, 1, "f1", kind, options, "https://example.com/", [], 1)
    if kind == "email":
        mail = letter(message, json.loads(payload), "e@example.com", at)
        assert ("<b>Acme</b>" in mail.get_body(("html",)).get_content()) == (name == "digest.weekly")
    else:
        body = json.loads(REQUESTS[kind](message, json.loads(payload), at).body)
        assert kind == "alertmanager" or holds(kind, body)


def test_names_from_outside_call_nobody_and_link_nowhere():
    payload = told(account=HOSTILE, sentence=HOSTILE)
    bodies = {
        kind: REQUESTS[kind](
            Message(1, "ep", "msg_1", payload, 1, "f1", kind, {}, "https://example.com/", [], 1),
            json.loads(payload), to_datetime(0),
        ).body.decode()
        for kind in ("slack", "teams")
    }  # fmt: skip
    blocks = json.loads(bodies["slack"])["blocks"]
    assert all("<!" not in part["text"] for part in (blocks[1]["text"], *blocks[2]["fields"]))
    assert "](" not in bodies["teams"]


WRONG = [
    {"receiver": "slack"},
    {"receiver": "teams", "url": "https://example.com/", "options": {"x": 1}},
    {"receiver": "pagerduty", "options": {"routing_key": "short"}},
    {"receiver": "email", "options": {"to": []}},
    {"receiver": "email", "options": {"to": ["kim@example.com\r\nBcc: all@example.com"]}},
    {"receiver": "alertmanager", "url": "https://example.com/", "options": {"labels": {"0x": "y"}}},
]


@pytest.mark.parametrize("fields", WRONG)
def test_wrong_options_are_refused_with_a_reason(scene, fields):
    with pytest.raises(DefinitionError), scene.engine.begin() as connection:
        stored.create_endpoint(connection, scene.number, fields)


def test_what_lets_anybody_post_is_not_shown(scene):
    secrets = "https://hooks.slack.com/services/T0/B0/secret"
    made = endpoint(scene, secrets, receiver="slack")
    with scene.engine.begin() as connection:
        key = stored.create_endpoint(
            connection, scene.number, {"receiver": "pagerduty", "options": OPTIONS["pagerduty"]}
        )
        shown = stored.list_endpoints(connection, scene.number, 10)
        patched = stored.update_endpoint(connection, scene.number, made["id"], {"description": "ops"})
    assert key["url"] == "https://events.pagerduty.com/v2/enqueue"
    assert "secret" not in str([shown, patched["url"], made["url"]])
    assert KEY not in str([shown, key])


@pytest.fixture
def alertmanager() -> Iterator[str]:
    """Debian's own, on a free port."""
    program = shutil.which("prometheus-alertmanager") or _debians()
    with tempfile.TemporaryDirectory(prefix="ebbtide-alertmanager-") as folder, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        file = Path(folder, "alertmanager.yml")
        file.write_text("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n")
        options = {"config.file": file, "storage.path": folder, "web.listen-address": f"127.0.0.1:{port}",
                   "cluster.listen-address": ""}  # fmt: skip
        command = [program, *(f"--{name}={value}" for name, value in options.items())]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ)
        try:
            yield _ready(f"http://127.0.0.1:{port}", process)
        finally:
            process.terminate()
            process.wait()


def _debians() -> str:
    """The program out of Debian's package, kept beside what else was fetched; skips the test where apt has none."""
    if cache.find("alertmanager") is None:
        if shutil.which("apt-get") is None:
            pytest.skip("prometheus-alertmanager is not installed, and there is no apt to fetch it")
        with cache.filling("alertmanager") as making:
            making.mkdir()
            fetch = "apt-get download -q prometheus-alertmanager"
            script = f"({fetch} || (apt-get update -qq && {fetch})) && dpkg-deb -x *.deb . && rm *.deb"
            done = subprocess.run(["sh", "-c", script], cwd=making, capture_output=True, text=True, check=False)
            if done.returncode:
                pytest.skip(f"apt could not fetch prometheus-alertmanager: {done.stderr.strip()[-300:]}")
    found = cache.find("alertmanager")
    assert found is not None
    if not TEMPLATES.exists():  # where this build looks for them, whatever its configuration says
        if os.geteuid():
            pytest.skip(f"only root can put Alertmanager's templates into {TEMPLATES}")
        shutil.copytree(found / TEMPLATES.relative_to("/"), TEMPLATES)
    return str(found / "usr/bin/prometheus-alertmanager")


def _ready(url: str, process: "subprocess.Popen[bytes]") -> str:
    for _ in range(300):
        try:
            if httpx.get(f"{url}/-/ready").status_code == 200:
                return url
        except httpx.TransportError:
            assert process.poll() is None, "alertmanager ended"
        time.sleep(0.1)
    raise AssertionError("alertmanager is not ready")


def test_the_real_alertmanager_fires_and_resolves(scene, alertmanager, eventually):
    def alerts():
        return httpx.get(f"{alertmanager}/api/v2/alerts").json()

    made = endpoint(scene, alertmanager, receiver="alertmanager", options={"labels": {"team": "success"}})
    post(scene, made["id"], 1, payload=told())
    run(scene.engine, lambda: states(scene) == ["delivered"])
    [alert] = eventually(alerts)
    assert alert["status"]["state"] == "active"
    assert alert["labels"]["alertname"] == "behavior.dropped"
    assert (alert["labels"]["team"], alert["labels"]["account"]) == ("success", "acme")
    assert alert["annotations"]["summary"].startswith("Acme: it fell")
    post(scene, made["id"], 2, payload=told("alert.resolved"))
    run(scene.engine, lambda: states(scene) == ["delivered"] * 2)
    assert eventually(lambda: alerts() == [])
    assert [row["status"] for row in logged(scene)] == [200, 200]


class Mailbox:
    """A mail server's inbox; it refuses recipients and letters as it is told."""

    def __init__(self) -> None:
        self.letters, self.answer = [], "250 OK"

    async def handle_DATA(self, _server, _session, envelope) -> str:  # noqa: N802 - aiosmtpd's name
        if self.answer.startswith("250"):
            self.letters.append((envelope.rcpt_tos, message_from_bytes(envelope.content, policy=policy.default)))
        return self.answer


@pytest.fixture
def mailbox():
    box = Mailbox()

    def sign_in(server, session, envelope, mechanism, data):
        return AuthResult(success=(data.login, data.password) == (b"ebbtide", b"p@ss"))

    controller = Controller(box, hostname="127.0.0.1", port=0, authenticator=sign_in, auth_require_tls=False)
    controller.port = free_port()
    controller.start()
    box.url = f"smtp+plain://ebbtide:p%40ss@127.0.0.1:{controller.port}"
    yield box
    controller.stop()


def test_a_letter_arrives_and_those_of_an_alert_are_one_thread(scene, mailbox):
    to = ["kim@example.com", "ops@example.com"]
    made = endpoint(scene, None, receiver="email", options={"to": to})
    post(scene, made["id"], 1, payload=told(account=HOSTILE))
    post(scene, made["id"], 2, payload=told("alert.resolved"))
    run(scene.engine, lambda: states(scene) == ["delivered"] * 2, smtp_url=mailbox.url, smtp_from="e@example.com")
    (sent_to, first), (_, second) = mailbox.letters
    assert sent_to == to
    assert first["bcc"] is None
    assert first["subject"].startswith("New: <!channel>")
    assert "it fell from 29 to 5" in first.get_body(("plain",)).get_content()
    assert "<!channel>" not in first.get_body(("html",)).get_content()
    assert first["references"] == second["references"]
    assert first["message-id"] != second["message-id"]


@pytest.mark.parametrize("answer", ["451 later", "554 no"])
def test_a_letter_that_is_refused_is_tried_again(scene, mailbox, answer):
    mailbox.answer = answer
    made = endpoint(scene, None, receiver="email", options={"to": ["kim@example.com"]})
    post(scene, made["id"], 1, payload=told())
    run(scene.engine, lambda: logged(scene), smtp_url=mailbox.url, smtp_from="e@example.com")
    assert states(scene) == ["waiting"]
    assert answer[4:] in logged(scene)[0]["error"]


def test_without_encryption_a_letter_waits_where_it_is_asked_for(scene, mailbox):
    made = endpoint(scene, None, receiver="email", options={"to": ["kim@example.com"]})
    post(scene, made["id"], 1, payload=told())
    run(
        scene.engine,
        lambda: logged(scene),
        smtp_url=mailbox.url.replace("smtp+plain", "smtp"),
        smtp_from="e@example.com",
    )
    assert "STARTTLS" in logged(scene)[0]["error"]
    assert mailbox.letters == []


def test_without_a_mail_server_a_letter_waits(scene):
    made = endpoint(scene, None, receiver="email", options={"to": ["kim@example.com"]})
    post(scene, made["id"], 1, payload=told())
    run(scene.engine, lambda: logged(scene))
    assert (states(scene), "EBBTIDE_SMTP_URL" in logged(scene)[0]["error"]) == (["waiting"], True)

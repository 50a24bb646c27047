"""Real receivers that hang, drip, talk without end, ask for a pause, or change what their name means."""

import asyncio
import socket
import ssl
import threading
import time
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address

import pytest
from aiosmtpd.controller import Controller
from aiosmtplib import SMTPException
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import update

from schemas.database.tables import endpoints
from schemas.webhooks import Message
from streams import connecting, webhooks
from streams.connecting import Client
from streams.mailing import Mail
from tests.integration.evaluation.delivering import endpoint, free_port, hurry, logged, post, run, states


@pytest.fixture
def impatient(monkeypatch):
    """A deadline that a test can wait for."""
    monkeypatch.setattr(webhooks, "TIMEOUT", 2.0)
    monkeypatch.setattr(connecting, "READING", 0.5)


@pytest.fixture
def hanging():
    """Takes connections, and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=500) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"


@contextmanager
def serving(answer):
    """A server whose handler's POST is `answer(handler)`."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            try:
                answer(self)
            except OSError:
                self.close_connection = True  # the client has gone, as it should

        def log_message(self, *_) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def address(server):
    return f"http://127.0.0.1:{server.server_port}/"


def test_twenty_endpoints_that_hang_delay_no_other(scene, receiver, hanging, impatient):
    for _ in range(20):
        to = endpoint(scene, hanging)["id"]
        for i in range(10):
            post(scene, to, 1, episode=f"h{i}")
    good = endpoint(scene, receiver.url)["id"]
    for i in range(30):
        post(scene, good, 1, episode=f"g{i}")
    run(scene.engine, lambda: states(scene, good) == ["delivered"] * 30)
    failed_meanwhile = [row for row in logged(scene) if row["error"]]
    assert all("Timeout" in row["error"] for row in failed_meanwhile)


def test_an_endpoint_that_fails_has_one_message_under_way_until_it_answers_well(scene, receiver):
    receiver.answers = [(500, {}, 0)] * 8
    to = endpoint(scene, receiver.url)["id"]
    for i in range(8):
        post(scene, to, 1, episode=f"e{i}")
    run(scene.engine, lambda: len(logged(scene)) == 8)
    busiest = 0
    under_way = threading.Semaphore(0)

    def answer(handler):
        nonlocal busiest
        under_way.release()
        busiest = max(busiest, under_way._value)
        time.sleep(0.1)
        under_way.acquire()
        handler.send_response(500)
        handler.end_headers()

    with serving(answer) as server:
        with scene.engine.begin() as connection:
            connection.execute(update(endpoints).values(url=address(server)))
        hurry(scene)
        run(scene.engine, lambda: len(logged(scene)) >= 12)
    assert busiest == 1


def test_headers_that_drip_end_with_the_deadline(scene, impatient):
    def answer(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nx-slow: ")
        for _ in range(100):
            handler.wfile.write(b"a")
            time.sleep(0.1)

    with serving(answer) as server:
        post(scene, endpoint(scene, address(server))["id"], 1)
        run(scene.engine, lambda: logged(scene))
    assert "TimeoutError" in logged(scene)[0]["error"]
    assert states(scene) == ["waiting"]


def test_a_body_that_drips_after_200_was_delivered_all_the_same(scene, impatient):
    def answer(handler):
        handler.send_response(200)
        handler.end_headers()
        for _ in range(100):
            handler.wfile.write(b"a")
            time.sleep(0.1)

    with serving(answer) as server:
        post(scene, endpoint(scene, address(server))["id"], 1)
        run(scene.engine, lambda: logged(scene))
    assert states(scene) == ["delivered"]
    assert logged(scene)[0]["response"].startswith("aa")


def test_a_body_without_end_is_read_as_far_as_it_is_kept(scene):
    def answer(handler):
        handler.send_response(500)
        handler.end_headers()
        for _ in range(10_000):
            handler.wfile.write(b"x" * 65_536)

    with serving(answer) as server:
        post(scene, endpoint(scene, address(server))["id"], 1)
        run(scene.engine, lambda: logged(scene))
    [row] = logged(scene)
    assert (row["status"], len(row["response"])) == (500, 4096)


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_speaks_for_the_whole_endpoint_and_for_no_other(scene, receiver, another, status):
    receiver.answers = [(status, {"retry-after": "3600"}, 0)]
    asking, other = endpoint(scene, receiver.url)["id"], endpoint(scene, another.url)["id"]
    post(scene, asking, 1)
    run(scene.engine, lambda: logged(scene))
    post(scene, asking, 1, episode="e2")
    post(scene, other, 1, episode="e3")
    run(scene.engine, lambda: states(scene, other) == ["delivered"])
    assert states(scene, asking) == ["waiting", "waiting"]
    assert len(receiver.got) == 1


@pytest.mark.parametrize("header", ["nan", "-5", "soon", "Wed, 99 Foo 2026", "inf", "1e400"])
def test_an_odd_retry_after_only_delays(scene, receiver, header):
    receiver.answers = [(429, {"retry-after": header}, 0)]
    post(scene, endpoint(scene, receiver.url)["id"], 1)
    run(scene.engine, lambda: logged(scene))
    assert states(scene) == ["waiting"]


def test_a_redirect_to_a_loopback_address_reaches_nothing(scene, receiver, another):
    receiver.answers = [(307, {"location": another.url}, 0)]
    post(scene, endpoint(scene, receiver.url)["id"], 1)
    run(scene.engine, lambda: logged(scene))
    assert (logged(scene)[0]["status"], another.got, states(scene)) == (307, [], ["waiting"])


def test_a_name_that_turns_private_is_refused_and_tried_again_later(scene, receiver, monkeypatch):
    answers = [["169.254.169.254"], ["127.0.0.1"]]

    def look_up(host, port):
        return [ip_address(text) for text in answers.pop(0)]

    monkeypatch.setattr(connecting, "_look_up", look_up)
    post(scene, endpoint(scene, receiver.url.replace("127.0.0.1", "rebinding.example"))["id"], 1)
    run(scene.engine, lambda: logged(scene))
    assert receiver.got == []
    assert "metadata" in logged(scene)[0]["error"]
    hurry(scene)
    run(scene.engine, lambda: states(scene) == ["delivered"])


def test_a_name_server_that_hangs_delays_no_other(scene, receiver, impatient, monkeypatch):
    usual, answered = connecting._look_up, threading.Event()

    def look_up(host, port):
        if host.endswith(".hanging.example"):
            answered.wait(20)
            raise socket.gaierror(-3, "Temporary failure in name resolution")
        return usual(host, port)

    monkeypatch.setattr(connecting, "_look_up", look_up)
    for i in range(40):
        to = endpoint(scene, f"http://{i}.hanging.example/")["id"]
        post(scene, to, 1, episode="a")
        post(scene, to, 1, episode="b")
    good = endpoint(scene, receiver.url.replace("127.0.0.1", "localhost"))["id"]
    post(scene, good, 1)
    run(scene.engine, lambda: states(scene, good) == ["delivered"])
    answered.set()


def test_an_answer_that_no_database_holds_keeps_no_other_from_being_noted(scene, receiver):
    def answer(handler):
        handler.send_response(500)
        handler.end_headers()
        handler.wfile.write(b"\0\xff\xed\xb3\xbf odd")

    with serving(answer) as server:
        odd, good = endpoint(scene, address(server))["id"], endpoint(scene, receiver.url)["id"]
        post(scene, odd, 1)
        post(scene, good, 1)
        run(scene.engine, lambda: len(logged(scene)) == 2)
    assert (states(scene, odd), states(scene, good)) == (["waiting"], ["delivered"])
    assert any("odd" in (row["response"] or "") for row in logged(scene))


def test_a_message_that_cannot_be_rendered_is_logged_and_ends_like_any_other(scene, receiver):
    made = endpoint(scene, receiver.url, receiver="slack")["id"]
    post(scene, made, 1, payload='{"type":"alert.firing"}')
    run(scene.engine, lambda: states(scene) == ["failed"], webhooks_attempts=1)
    assert "KeyError" in logged(scene)[0]["error"]


def authority(folder, name):
    """A certificate for a name, signed by an authority of the test's own: its file, and who trusts it."""

    def build(subject, key, issuer, signer, *extensions):
        now = datetime.now(UTC)  # noqa: TID251 - a certificate is valid for the wall clock
        named = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, one)]) for one in (subject, issuer)]
        builder = x509.CertificateBuilder().subject_name(named[0]).issuer_name(named[1]).public_key(key.public_key())
        builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1))
        builder = builder.not_valid_after(now + timedelta(days=1))
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(signer, hashes.SHA256())

    root, leaf = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca = build("test", root, "test", root, (x509.BasicConstraints(ca=True, path_length=None), True))
    own = build(name, leaf, "test", root, (x509.SubjectAlternativeName([x509.DNSName(name)]), False))
    private = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    pem = serialization.Encoding.PEM
    (folder / "ca.pem").write_bytes(ca.public_bytes(pem))
    (folder / "own.pem").write_bytes(leaf.private_bytes(pem, *private) + own.public_bytes(pem))
    return folder / "own.pem", ssl.create_default_context(cafile=str(folder / "ca.pem"))


@pytest.mark.parametrize(("host", "works"), [("hooks.example", True), ("other.example", False)])
def test_tls_is_verified_by_name_on_the_pinned_connection(tmp_path, host, works):
    certificate, trusted = authority(tmp_path, "hooks.example")
    seen = []

    def answer(handler):
        seen.append(handler.headers["host"])
        handler.send_response(204)
        handler.end_headers()

    async def resolving(name, port):
        return [ip_address("127.0.0.1")]

    async def main(url):
        message = Message(1, "ep", "msg_1", "{}", 1, "e1", "webhook", {}, url, ["whsec_c2VjcmV0"], 1)
        client = Client(True, resolving, trusted)
        return await webhooks.Sender(client, Mail("", ""), 3).send(message)

    with serving(answer) as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None  # a handshake that the client ends is what is looked for
        attempt = asyncio.run(main(f"https://{host}:{server.server_port}/"))
    assert attempt.delivered is works
    assert len(seen) == works
    if not works:
        assert "CERTIFICATE_VERIFY_FAILED" in attempt.error


@pytest.mark.parametrize(("host", "works"), [("localhost", True), ("127.0.0.1", False)])
def test_letters_go_over_starttls_to_whom_the_certificate_names(tmp_path, host, works):
    certificate, trusted = authority(tmp_path, "localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    box = Sink()
    server = Controller(box, hostname="127.0.0.1", port=free_port(), tls_context=context, require_starttls=True)
    server.start()
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = "e@example.com", "kim@example.com", "Acme fell"
    try:
        with nullcontext() if works else pytest.raises((OSError, SMTPException), match="IP address mismatch"):
            asyncio.run(Mail(f"smtp://{host}:{server.port}", "e@example.com", trusted).send(letter))
    finally:
        server.stop()
    assert box.subjects == ["Acme fell"] * works


class Sink:
    """An inbox behind TLS."""

    def __init__(self):
        self.subjects = []

    async def handle_DATA(self, _server, session, envelope):  # noqa: N802 - aiosmtpd's name
        assert session.ssl is not None
        self.subjects.append(message_from_bytes(envelope.content)["subject"])
        return "250 OK"

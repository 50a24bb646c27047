"""The product on a Kafka that wants TLS and a password, and lets each user do what its ACLs say and no more."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from kafka import KafkaConsumer, KafkaProducer
from kafka.admin import ACL, ACLOperation, ACLPermissionType, KafkaAdminClient, ResourcePattern, ResourceType
from kafka.errors import KafkaError, TopicAuthorizationFailedError

from deploy.local.kafka import Kafka
from deploy.local.stack import Options, Stack
from schemas.kafka import KafkaAccess
from schemas.topics import ALERTS, EVENTS, HISTORY, REJECTED, TICKS
from tests.conftest import home

USERS = ("prepare", "collector", "worker", "stranger")
# Who may do what; SECURITY.md says the same.
RULES = [
    ("prepare", ResourceType.CLUSTER, "kafka-cluster", [ACLOperation.CREATE, ACLOperation.DESCRIBE]),
    *[
        ("prepare", ResourceType.TOPIC, topic, [ACLOperation.DESCRIBE])
        for topic in (EVENTS, HISTORY, REJECTED, TICKS, ALERTS)
    ],
    *[("collector", ResourceType.TOPIC, topic, [ACLOperation.WRITE]) for topic in (EVENTS, HISTORY, REJECTED)],
    *[("worker", ResourceType.TOPIC, topic, [ACLOperation.READ]) for topic in (EVENTS, HISTORY, REJECTED)],
    ("worker", ResourceType.TOPIC, TICKS, [ACLOperation.READ, ACLOperation.WRITE]),
    ("worker", ResourceType.TOPIC, ALERTS, [ACLOperation.WRITE]),
    ("worker", ResourceType.GROUP, "*", [ACLOperation.READ]),
]


@dataclass(frozen=True)
class Secured:
    """The broker's listener that asks for a password, and who signed its certificate."""

    server: str
    ca: Path

    def access(self, user: str, password: str | None = None) -> KafkaAccess:
        secret = f"{user}-password" if password is None else password
        return KafkaAccess(
            servers=(self.server,), security="SASL_SSL", mechanism="PLAIN", username=user, password=secret, ca=self.ca
        )

    def environment(self, user: str, folder: Path) -> dict[str, str]:
        file = folder / f"{user}.password"
        file.write_text(f"{user}-password\n")
        return {
            "EBBTIDE_KAFKA": self.server, "EBBTIDE_KAFKA_SECURITY": "SASL_SSL", "EBBTIDE_KAFKA_MECHANISM": "PLAIN",
            "EBBTIDE_KAFKA_USERNAME": user, "EBBTIDE_KAFKA_PASSWORD_FILE": str(file), "EBBTIDE_KAFKA_CA": str(self.ca),
        }  # fmt: skip


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    folder = tmp_path_factory.mktemp("tls")
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    with home() as data, Kafka(data, port=19192, properties=_properties(port, _certificate(folder))) as kafka:
        _allow(kafka.bootstrap)
        yield Secured(f"127.0.0.1:{port}", folder / "certificate.pem")


def _certificate(folder: Path) -> Path:
    """A key and a certificate that signs itself, as PEM."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)  # noqa: TID251
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kafka")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    formats = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "certificate.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "broker.pem").write_bytes(key.private_bytes(*formats) + made.public_bytes(serialization.Encoding.PEM))
    return folder / "broker.pem"


def _properties(port: int, certificate: Path) -> dict[str, str]:
    users = " ".join(f'user_{user}="{user}-password"' for user in USERS)
    return {
        "listeners": f"SECURED://127.0.0.1:{port}",
        "advertised.listeners": f"SECURED://127.0.0.1:{port}",
        "listener.security.protocol.map": "SECURED:SASL_SSL",
        "sasl.enabled.mechanisms": "PLAIN",
        "listener.name.secured.plain.sasl.jaas.config":
            f"org.apache.kafka.common.security.plain.PlainLoginModule required {users};",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(certificate),
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS",  # the broker itself, and this test, by the listener in the clear
    }  # fmt: skip


def _allow(bootstrap: str) -> None:
    client = KafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        client.create_acls(
            [
                ACL(f"User:{user}", "*", operation, ACLPermissionType.ALLOW, ResourcePattern(kind, name))
                for user, kind, name, operations in RULES
                for operation in operations
            ]
        )
    finally:
        client.close()


def test_the_product_runs_with_a_user_for_each_process(
    secured: Secured, tmp_path: Path, eventually: Callable[..., Any]
) -> None:
    with home() as folder, Stack(folder, Options(parts=("database",), durable=False, kafka=secured.server)) as stack:
        ports = {"EBBTIDE_COLLECTOR_PORT": "18480", "EBBTIDE_WORKER_METRICS_PORT": "18481"}
        keys = {"EBBTIDE_WRITE_KEY": stack.write_key, "EBBTIDE_API_KEY": stack.api_key}

        def run(module: str, user: str) -> subprocess.Popen[bytes]:
            settings = stack.environment | secured.environment(user, tmp_path) | ports | keys
            return subprocess.Popen([sys.executable, "-m", module], env=os.environ | settings)

        assert run("deploy.prepare", "prepare").wait(90) == 0
        processes = [run("ingest", "collector"), run("streams", "worker")]
        try:
            eventually(lambda: _ready(18480) and _ready(18481), patience=90)
            event = {"userId": "ada", "event": "opened", "context": {"groupId": "acme"}}
            sent = httpx.post("http://127.0.0.1:18480/v1/track", json=event, auth=(stack.write_key, ""))
            assert sent.status_code == 200
            eventually(lambda: _counted(stack.database) == 1, patience=60)
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.wait(60)


def _ready(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200
    except httpx.HTTPError:
        return False


def _counted(database: str) -> int:
    import psycopg2  # noqa: PLC0415

    with closing(psycopg2.connect(database)) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT coalesce(sum(events), 0) FROM windows WHERE behavior = 0")
        found = cursor.fetchone()
        return int(found[0]) if found else 0


def test_a_user_may_do_no_more_than_its_rules_say(secured: Secured) -> None:
    reading = KafkaConsumer(EVENTS, **secured.access("collector").options(), group_id=None)
    with closing(reading), pytest.raises(TopicAuthorizationFailedError):
        reading.poll(5_000)
    for user in ("worker", "stranger"):
        writing = KafkaProducer(**secured.access(user).options(), acks="all", max_block_ms=5_000)
        with closing(writing), pytest.raises(KafkaError):
            writing.send(EVENTS, b"forged").get(10)


@pytest.mark.parametrize("wrong", ["", "wrong"])
def test_nobody_comes_in_with_a_wrong_password(secured: Secured, wrong: str) -> None:
    with pytest.raises((KafkaError, ValueError)):
        KafkaProducer(**secured.access("collector", wrong).options(), bootstrap_timeout_ms=3_000)

"""How every process reaches Kafka: in the clear on this machine, or over TLS with a name and a password."""

import ssl
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, SecretStr


class KafkaAccess(BaseModel, frozen=True):
    """The servers, and what they ask for; `ca` is a file of who signed their certificates."""

    servers: tuple[str, ...]
    security: Literal["PLAINTEXT", "SSL", "SASL_SSL"] = "PLAINTEXT"
    mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    username: str = ""
    password: SecretStr = SecretStr("")
    ca: Path | None = None

    def options(self) -> dict[str, Any]:
        """What kafka-python's and aiokafka's clients take.

        >>> KafkaAccess(servers=("a:9092", "b:9092")).options()
        {'bootstrap_servers': ['a:9092', 'b:9092']}
        """
        found: dict[str, Any] = {"bootstrap_servers": list(self.servers)}
        if self.security != "PLAINTEXT":
            found |= {"security_protocol": self.security, "ssl_context": self.tls()}
        if self.security == "SASL_SSL":
            found |= {
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.username,
                "sasl_plain_password": self.password.get_secret_value(),
            }
        return found

    def tls(self) -> ssl.SSLContext:
        """TLS 1.2 and newer; the server's certificate and name are checked."""
        context = ssl.create_default_context(cafile=None if self.ca is None else str(self.ca))
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context

"""Settings every process shares: from the environment (`EBBTIDE_…`) or one `ebbtide.toml`; the environment wins.

Each can be given as a file that holds it (`EBBTIDE_DATABASE_URL_FILE=/run/secrets/database`), so that a secret stands
in no environment, which every child process and crash report sees.
"""

import os
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from schemas.errors import SettingsError
from schemas.kafka import KafkaAccess


class _Files(PydanticBaseSettingsSource):
    """Settings whose values stand in files of their own."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The content of the file that the environment names for a field, without the line's end."""
        del field
        name = f"EBBTIDE_{field_name.upper()}_FILE"
        path = os.environ.get(name)
        if path is None:
            return None, field_name, False
        try:
            return Path(path).read_text().rstrip("\r\n"), field_name, False
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"{name} names {path}, which can't be read: {error}.") from error

    def __call__(self) -> dict[str, Any]:
        """Every field that has a file."""
        found = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: value for name, value in found.items() if value is not None}


class Settings(BaseSettings):
    """The common part; each process adds its own in its `settings.py`."""

    model_config = SettingsConfigDict(env_prefix="EBBTIDE_", extra="ignore")

    kafka: str = Field("127.0.0.1:9092", description="bootstrap servers, host:port,host:port")
    kafka_security: Literal["PLAINTEXT", "SSL", "SASL_SSL"] = Field("PLAINTEXT", description="what its listener speaks")
    kafka_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "SCRAM-SHA-512", description="how SASL proves the password"
    )
    kafka_username: str = Field("", description="whose ACLs this process has")
    kafka_password: SecretStr = Field(SecretStr(""), description="that user's password; better as a file, …_FILE")
    kafka_ca: Path | None = Field(None, description="who signed Kafka's certificates (PEM), if no public authority did")
    database_url: str = Field(
        "postgresql://ebbtide@127.0.0.1:5432/ebbtide", description="PostgreSQL with TimescaleDB, postgresql://…"
    )
    partitions: int = Field(8, ge=1, le=1024, description="partitions of the event topics when they are created")
    log_level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")
    clock_file: Path | None = Field(None, description="a made-up clock for demos and tests")

    @property
    def kafka_access(self) -> KafkaAccess:
        """Kafka as this process reaches it."""
        return KafkaAccess(
            servers=tuple(self.kafka.split(",")),
            security=self.kafka_security,
            mechanism=self.kafka_mechanism,
            username=self.kafka_username,
            password=self.kafka_password,
            ca=self.kafka_ca,
        )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, the environment, files it names, and last the file named by EBBTIDE_CONFIG or `./ebbtide.toml`."""
        del dotenv_settings, file_secret_settings
        config = Path(os.environ.get("EBBTIDE_CONFIG", "ebbtide.toml"))
        return init_settings, env_settings, _Files(settings_cls), TomlConfigSettingsSource(settings_cls, config)

    @classmethod
    def load(cls) -> Self:
        """Reads the settings, or raises a SettingsError that names each wrong one in a sentence."""
        try:
            return cls()
        except ValidationError as error:
            wrong = "; ".join(
                f"EBBTIDE_{'_'.join(map(str, e['loc'])).upper()} is {_shown(e)}: {e['msg'].lower()}"
                for e in error.errors()
            )
            raise SettingsError(f"Wrong settings: {wrong}. Set them in the environment or in ebbtide.toml.") from error


def _shown(error: Any) -> str:
    """The wrong value, unless it may be a secret."""
    name = str(error["loc"][0])
    return "…" if name.endswith(("_key", "_secret", "_url", "_password")) else repr(error["input"])

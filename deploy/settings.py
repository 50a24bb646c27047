"""Settings of `ebbtide up` and of the one-shot preparation."""

from pathlib import Path

from pydantic import Field, SecretStr

from schemas.settings import Settings


class LocalSettings(Settings):
    """What `ebbtide up` runs, unless its options say otherwise."""

    data: Path = Field(Path(".ebbtide"), description="the folder of the instance")
    workers: int = Field(1, ge=1, le=64, description="stream workers")
    brokers: int = Field(1, description="Kafka brokers, 1 or 3")

    @property
    def own_database(self) -> str | None:
        """The database the person gave, or None where we run one."""
        return self.database_url if "database_url" in self.model_fields_set else None


class PrepareSettings(Settings):
    """What the one-shot preparation needs."""

    workspace: str = Field("default", description="the first workspace's name")
    write_key: SecretStr | None = Field(None, description="the key events are sent with; made up when missing")
    api_key: SecretStr | None = Field(None, description="the key the API is used with; made up when missing")
    patience: float = Field(60, gt=0, description="seconds to wait for Kafka and the database")

"""Settings every process shares: from the environment (`EBBTIDE_…`) or one `ebbtide.toml`; the environment wins."""

import os
from pathlib import Path
from typing import Self

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from schemas.errors import SettingsError


class Settings(BaseSettings):
    """The common part; each process adds its own in its `settings.py`."""

    model_config = SettingsConfigDict(env_prefix="EBBTIDE_", extra="ignore")

    kafka: str = Field("127.0.0.1:9092", description="bootstrap servers, host:port,host:port")
    database_url: str = Field(
        "postgresql://ebbtide@127.0.0.1:5432/ebbtide", description="PostgreSQL with TimescaleDB, postgresql://…"
    )
    partitions: int = Field(8, ge=1, le=1024, description="partitions of the event topics when they are created")
    log_level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")
    clock_file: Path | None = Field(None, description="a made-up clock for demos and tests")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments first, then the environment, then the file named by EBBTIDE_CONFIG or `./ebbtide.toml`."""
        del dotenv_settings, file_secret_settings
        config = Path(os.environ.get("EBBTIDE_CONFIG", "ebbtide.toml"))
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, config)

    @classmethod
    def load(cls) -> Self:
        """Reads the settings, or raises a SettingsError that names each wrong one in a sentence."""
        try:
            return cls()
        except ValidationError as error:
            wrong = "; ".join(
                f"EBBTIDE_{'_'.join(map(str, e['loc'])).upper()} is {e['input']!r}: {e['msg'].lower()}"
                for e in error.errors()
            )
            raise SettingsError(f"Wrong settings: {wrong}. Set them in the environment or in ebbtide.toml.") from error

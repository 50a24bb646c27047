"""The API's settings: `EBBTIDE_API_…` in the environment, or `api_…` in `ebbtide.toml`."""

import secrets
from pathlib import Path

from pydantic import Field

from schemas.settings import Settings as Common


class Settings(Common):
    """Where to listen, how many connections to hold, how long a browser stays signed in."""

    api_host: str = Field("127.0.0.1", description="the address to listen on; 0.0.0.0 in a container")
    api_port: int = Field(8080, ge=0, le=65535, description="the port to listen on")
    api_connections: int = Field(10, ge=1, le=200, description="connections to the database, at most twice as many")
    api_key_requests_per_second: float = Field(
        1_000, ge=0, description="what a key may ask one API, where it has no rate of its own; 0: no limit"
    )
    api_session_secret: str = Field(
        default_factory=lambda: secrets.token_urlsafe(32),
        min_length=16,
        description="signs the pages' sessions; give several API processes the same one",
    )
    api_playbooks: Path = Field(Path("playbooks.yaml"), description="playbooks of your own, by kind of alert")
    api_session_hours: int = Field(12, ge=1, le=720, description="how long a browser stays signed in")

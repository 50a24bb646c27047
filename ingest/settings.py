"""The collector's settings, on top of those that every process shares."""

from typing import Literal

from pydantic import Field

from schemas.settings import Settings

MIB = 1 << 20


class IngestSettings(Settings):
    """Each can be set as `EBBTIDE_…` or in ebbtide.toml."""

    collector_host: str = Field("127.0.0.1", description="the address to listen on")
    collector_port: int = Field(8080, ge=0, le=65535, description="the port to listen on")
    commit_ms: float = Field(3, ge=0, le=1000, description="how long an event waits for others to share its record")
    commit_events: int = Field(4_000, ge=1, description="as many events are produced without waiting longer")
    in_flight_bytes: int = Field(
        64 * MIB, ge=32 * MIB, description="received and not yet acknowledged by Kafka; then 503"
    )
    stall_seconds: float = Field(3, gt=0, description="Kafka may be silent for so long; then 503 at once")
    answer_seconds: float = Field(8, gt=0, description="a request is answered with 503 after so long without an ack")
    retry_after: int = Field(2, ge=1, description="seconds that a client should wait after a 503")
    compression: Literal["none", "gzip", "zstd"] = Field(
        "none", description="of the records; zstd makes the topic about four times smaller for a tenth of the speed"
    )
    key_grace_seconds: float = Field(
        900, ge=5, description="while the keys can't be read, those known may send for so long; then 503"
    )
    key_events_per_second: float = Field(
        100_000, ge=0, description="what a key may send to one collector, where it has no rate of its own; 0: no limit"
    )
    migration_quiet_seconds: float = Field(
        60, gt=0, description="a migration of PostHog's history is over, and evaluated, after so long without an event"
    )
    group_type: str = Field("company", description="the type in PostHog's $groups that names the account")
    keep_ip: bool = Field(False, description="keep the properties ip and $ip")
    shutdown_seconds: int = Field(12, ge=1, description="how long requests in flight may take when the collector ends")

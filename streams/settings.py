"""Settings of the stream worker."""

import os
import socket
import tempfile
from pathlib import Path

from pydantic import Field

from schemas.settings import Settings


class WorkerSettings(Settings):
    """What a worker reads besides the common settings."""

    worker_metrics_port: int = Field(6066, ge=0, le=65535, description="port of /metrics and /readyz; 0: none")
    worker_metrics_host: str = Field("", description="address they listen on; empty: all")
    worker_group: str = Field("ebbtide", description="consumer group; workers of one group share the partitions")
    worker_name: str = Field("", description="a name that it keeps and no other has; {host}: the machine's")
    topic_prefix: str = Field("", description="stands before every topic's name")
    behaviors: Path = Field(Path("behaviors.yaml"), description="declared behaviors, if the file is there")
    rules: Path = Field(Path("rules.yaml"), description="what is looked for, if the file is there")
    automatic_behaviors: int = Field(200, ge=0, description="event names that are behaviors, in each workspace")

    fold_bytes: int = Field(16 << 20, ge=1 << 16, description="bytes of records in one transaction, about")
    fold_linger: float = Field(0.1, ge=0, le=5, description="seconds to wait for more records before a transaction")
    dedupe_ids: int = Field(
        1_000_000, ge=1000, description="ids of each partition held in memory; older ones in filters"
    )
    patience: float = Field(60, gt=0, description="seconds without database or progress until the worker ends")

    compact_every: float = Field(300, ge=0, description="seconds between two rounds of compaction; 0: never")
    windows_months: int | None = Field(None, ge=1, description="months that windows are kept; unset: for good")

    webhooks_allow_private: bool = Field(False, description="send webhooks to loopback and private addresses too")
    smtp_url: str = Field(
        "", description="mail server: smtp:// (STARTTLS), smtps:// or smtp+plain://user:password@host"
    )
    smtp_from: str = Field("ebbtide@localhost", description="who letters are from")
    webhooks_days: int = Field(30, ge=1, description="days that finished messages and their attempts are kept")
    webhooks_attempts: int = Field(14, ge=1, le=50, description="attempts to deliver a message; 14 take three days")

    @property
    def member(self) -> str | None:
        """Who it is in its group: by its name it has its partitions back at once after a crash."""
        return self.worker_name.replace("{host}", socket.gethostname()) or None

    @property
    def data(self) -> Path:
        """Where Faust puts what it never needs."""
        return Path(tempfile.gettempdir()) / f"ebbtide-worker-{os.getpid()}"

"""`python -m ingest` runs the collector until SIGTERM or SIGINT; what is in flight is then still answered."""

import gc
import logging
import sys

import uvicorn

from ingest.app import create_app
from ingest.settings import IngestSettings
from schemas import logs
from schemas.errors import SettingsError


def main() -> int:
    """Runs the collector; returns the exit code."""
    try:
        settings = IngestSettings.load()
    except SettingsError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a person reads it
        return 2
    logs.configure(settings.log_level)
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    # With the default of 5 ms the producer's thread waits that long for its turn whenever the loop is busy.
    sys.setswitchinterval(0.0005)
    app = create_app(settings)
    # Events are many objects without cycles: a collector that looks through them, and through what stays, wastes time.
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    uvicorn.run(
        app,
        host=settings.collector_host,
        port=settings.collector_port,
        loop="uvloop",
        http="httptools",
        ws="none",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        log_config=None,
        backlog=2048,
        timeout_graceful_shutdown=settings.shutdown_seconds,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""`python -m streams` runs one worker; start as many as there are partitions, at most."""

import logging
import sys

import faust

from schemas import logs
from schemas.errors import SettingsError
from streams import health
from streams.app import create_app
from streams.settings import WorkerSettings
from streams.waiting import await_any


def main() -> int:
    """Runs until it is told to stop; returns the exit code."""
    try:
        settings = WorkerSettings.load()
    except SettingsError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a person reads it
        return 2
    logs.configure(settings.log_level)
    for name in ("aiokafka", "faust", "mode"):
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))
    logging.getLogger("kafka").setLevel(logging.CRITICAL)  # what its questions come to is told by `watching`
    app, missing = create_app(settings)
    settings.data.mkdir(parents=True, exist_ok=True)
    if settings.worker_metrics_port:
        health.serve(settings.worker_metrics_host, settings.worker_metrics_port, missing)
    await_any(settings.kafka_access.servers, settings.patience)
    faust.Worker(
        app, loglevel=None, quiet=True, redirect_stdouts=False, override_logging=False
    ).execute_from_commandline()
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""`python -m api`: serves the API and the pages until it is told to stop."""

import sys

import uvicorn

from api.app import create_app
from api.settings import Settings
from schemas import logs
from schemas.clock import Clock
from schemas.errors import SettingsError


def main() -> int:
    """Runs the server; 2 where a setting is wrong."""
    try:
        settings = Settings.load()
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    logs.configure(settings.log_level)
    uvicorn.run(
        create_app(settings, Clock(settings.clock_file)),
        host=settings.api_host,
        port=settings.api_port,
        log_config=None,
        access_log=False,  # addresses may hold a sign-in link; the metrics count requests
        server_header=False,
        timeout_graceful_shutdown=10,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())

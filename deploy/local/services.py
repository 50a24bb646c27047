"""Our own processes as parts: the very commands that docker-compose.yml runs."""

import sys
from collections.abc import Mapping

from deploy.local.parts import Part
from deploy.local.ports import HOST
from deploy.local.privileges import bound

MODULES = {"prepare": "deploy.prepare", "collector": "ingest", "worker": "streams", "api": "api"}
# Python's -P: a folder named `api` where the person happens to stand must not be taken for ours.
_SAFE = {"PYTHONSAFEPATH": "1", "PYTHONUNBUFFERED": "1"}


def part(name: str, environment: Mapping[str, str], port: int | None = None) -> Part:
    """The part of that name (worker-2 runs what a worker runs), with its own port in the environment."""
    kind = name.partition("-")[0]
    own = {}
    if port is not None:
        own = {
            "collector": {"EBBTIDE_COLLECTOR_HOST": HOST, "EBBTIDE_COLLECTOR_PORT": str(port)},
            "worker": {
                "EBBTIDE_WORKER_NAME": name,
                "EBBTIDE_WORKER_METRICS_HOST": HOST,
                "EBBTIDE_WORKER_METRICS_PORT": str(port),
            },
            "api": {"EBBTIDE_API_HOST": HOST, "EBBTIDE_API_PORT": str(port)},
        }[kind]
    return Part(
        name=name,
        command=bound([sys.executable, "-m", MODULES[kind]]),
        probe=f"http://{HOST}:{port}/readyz" if port else None,
        alive=f"http://{HOST}:{port}/livez" if port else None,
        environment={**_SAFE, **environment, **own},
        patience=90,
        hint=f"The log says which setting or error it was; what was run is {sys.executable} -m {MODULES[kind]}.",
    )

"""The official SDKs as clients. Each tells the same story: one account's traits, one user's traits, three exports.

The Python ones run in this process. The Node ones are small scripts, run when Node is there; their packages are
installed into the cache once.
"""

import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import posthog
import pytest
import rudderstack.analytics.client
import segment.analytics.client

from deploy.local import cache

NODE_PACKAGES = ("@segment/analytics-node@3", "@rudderstack/rudder-sdk-node@3", "posthog-node@5")
ACCOUNT, USER, NAME = "acme", "ada", "Report Exported"

Send = Callable[[str, str, list[datetime]], None]


def segment_python(url: str, key: str, times: list[datetime]) -> None:
    client = segment.analytics.client.Client(key, host=url, gzip=True, on_error=_raise, max_retries=2)
    client.identify(USER, {"role": "admin"})
    client.group(USER, ACCOUNT, {"name": "Acme"})
    for at in times:
        client.track(USER, NAME, {"rows": 7}, context={"groupId": ACCOUNT}, timestamp=at)
    client.shutdown()


def rudder_python(url: str, key: str, times: list[datetime]) -> None:
    client = rudderstack.analytics.client.Client(key, host=url, on_error=_raise, max_retries=2)
    client.identify(USER, {"role": "admin"})
    client.group(USER, ACCOUNT, {"name": "Acme"})
    for at in times:
        client.track(USER, NAME, {"rows": 7}, context={"groupId": ACCOUNT}, timestamp=at)
    client.shutdown()


def posthog_python(url: str, key: str, times: list[datetime], **options: str) -> None:
    client = posthog.Posthog(key, host=url, on_error=_raise, max_retries=2, disable_geoip=True, **options)
    client.set(distinct_id=USER, properties={"role": "admin"})
    client.group_identify("company", ACCOUNT, {"name": "Acme"}, distinct_id=USER)
    for at in times:
        client.capture(NAME, distinct_id=USER, properties={"rows": 7}, groups={"company": ACCOUNT}, timestamp=at)
    client.shutdown()


def posthog_python_v1(url: str, key: str, times: list[datetime]) -> None:
    posthog_python(url, key, times, capture_mode="v1", capture_compression="gzip")


def segment_node(url: str, key: str, times: list[datetime]) -> None:
    _node("segment.cjs", url, key, times)


def rudder_node(url: str, key: str, times: list[datetime]) -> None:
    _node("rudder.cjs", url, key, times)


def posthog_node(url: str, key: str, times: list[datetime]) -> None:
    _node("posthog.cjs", url, key, times)


ALL: tuple[Send, ...] = (
    segment_python,
    rudder_python,
    posthog_python,
    posthog_python_v1,
    segment_node,
    rudder_node,
    posthog_node,
)


def _node(script: str, url: str, key: str, times: list[datetime]) -> None:
    modules = _modules()
    command = ["node", str(Path(__file__).parent / script), url, key, *(at.isoformat() for at in times)]
    environment = os.environ | {"NODE_PATH": str(modules)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _modules() -> Path:
    """Where the Node SDKs are installed; skips the test where they can't be."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("Node is not installed here, so its SDKs can't run")
    found = cache.find("node-sdks")
    if found is None:
        with cache.filling("node-sdks") as making:
            making.mkdir()
            command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(making)]
            done = subprocess.run([*command, *NODE_PACKAGES], capture_output=True, text=True, timeout=200, check=False)
            if done.returncode:
                pytest.skip(f"npm could not install the Node SDKs: {done.stderr.strip()[-300:]}")
        found = cache.find("node-sdks")
    assert found is not None
    return found / "node_modules"


def _raise(error: Exception, *_: object) -> None:
    raise error

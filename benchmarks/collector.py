"""How many events a second the collector takes, each acknowledged by Kafka (acks=all) before its 200.

`python -m benchmarks.collector` starts Kafka, the database and the collector here, and drives the collector with
wrk (Debian's package) on the same cores: batches of 100 events, and single events beside an empty FastAPI POST at the
same concurrency. Bodies are made up beforehand (wrk repeats them; nothing here counts ids).
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import psutil
from rich.console import Console
from rich.table import Table

from deploy.local import packages
from deploy.local.ports import HOST, Ports
from deploy.local.stack import Options, Stack

BATCH = 100
LEAST = 40_000
_BODIES = 32
_PEER = """
import sys, uvicorn
from fastapi import FastAPI
app = FastAPI()
@app.post("/")
async def empty(): return {"success": True}
uvicorn.run(app, port=int(sys.argv[1]), loop="uvloop", http="httptools", access_log=False, log_level="warning")
"""
_LUA = """
local bodies, next = {}, 0
function init(args)
  for i = 1, tonumber(args[3]) do
    local file = io.open(args[2] .. "/" .. i, "rb"); bodies[i] = file:read("*a"); file:close()
  end
  headers = {["Content-Type"] = "application/json", ["Authorization"] = args[1]}
  next = math.random(#bodies)
end
function request()
  next = next % #bodies + 1
  return wrk.format("POST", nil, headers, bodies[next])
end
"""


class Measured(msgspec.Struct):
    """What wrk saw: requests a second, those that were not 200, and the latency of half and of 99 % of them."""

    rate: float
    failed: int
    p50: str
    p99: str


def main() -> int:
    """Runs it and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--connections", type=int, default=32, help="of those that send batches")
    parser.add_argument("--clients", type=int, default=256, help="connections of those that send single events")
    arguments = parser.parse_args()
    seconds, connections, clients = arguments.seconds, arguments.connections, arguments.clients
    if shutil.which("wrk") is None and packages.can_install():
        subprocess.run(["apt-get", "install", "-y", "-qq", "wrk"], check=False, stdout=subprocess.DEVNULL)
    if shutil.which("wrk") is None:
        print("wrk is missing: apt-get install wrk", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="ebbtide-bench-") as folder, _stack(Path(folder)) as stack:
        url, lua = stack.url("collector"), _scripts(Path(folder))
        key = f"Bearer {stack.write_key}"
        collector = psutil.Process(stack.pid("collector"))
        used = sum(collector.cpu_times()[:2])
        batches = _wrk(f"{url}/v1/batch", lua, Path(folder) / "batches", key, seconds, connections)
        used = sum(collector.cpu_times()[:2]) - used
        singles = _wrk(f"{url}/v1/track", lua, Path(folder) / "singles", key, seconds, clients)
        memory = collector.memory_info().rss
        with _peer(Path(folder)) as peer:
            empty = _wrk(peer, lua, Path(folder) / "singles", key, seconds, clients)
    _show(batches, singles, empty, memory)
    events = batches.rate * BATCH
    print(f"at least {LEAST:,} events/s in batches: {'reached' if events >= LEAST else 'MISSED'}; the collector had")
    print(f"{used / seconds:.0%} of a core and spent {used / seconds / events * 1e6:.1f} µs of it on an event.")
    print("Near 100 % it is bound by its own work, else by Kafka, wrk and whatever shares the cores.")
    return 0 if events >= LEAST else 1


@contextmanager
def _stack(folder: Path) -> Iterator[Stack]:
    options = Options(parts=("kafka", "database", "prepare", "collector"), durable=False)
    with Stack(folder / "stack", options) as stack:
        yield stack


@contextmanager
def _peer(folder: Path) -> Iterator[str]:
    with_ports = Ports()
    port = with_ports.take("peer", 8099)
    with_ports.release()
    script = folder / "peer.py"
    script.write_text(_PEER)
    process = subprocess.Popen([sys.executable, str(script), str(port)])
    try:
        _await(f"http://{HOST}:{port}/docs")
        yield f"http://{HOST}:{port}/"
    finally:
        process.terminate()
        process.wait()


def _await(url: str) -> None:
    for _ in range(100):
        try:
            urllib.request.urlopen(url, timeout=1).close()  # noqa: S310 - our own address
        except OSError:
            time.sleep(0.1)
        else:
            return


def _scripts(folder: Path) -> Path:
    """Writes the bodies and the script that sends them."""
    for name in ("batches", "singles"):
        (folder / name).mkdir()
    for i in range(1, _BODIES + 1):
        events = [_event(i * BATCH + j) for j in range(BATCH)]
        (folder / "batches" / str(i)).write_bytes(msgspec.json.encode({"batch": events}))
        (folder / "singles" / str(i)).write_bytes(msgspec.json.encode(events[0]))
    (folder / "send.lua").write_text(_LUA)
    return folder / "send.lua"


def _event(n: int) -> dict[str, object]:
    """A call as segment-analytics-python sends it."""
    return {
        "integrations": {},
        "anonymousId": None,
        "properties": {"rows": n, "format": "csv", "account_plan": "pro"},
        "timestamp": "2026-11-22T10:00:00.123456+00:00",
        "userId": f"user-{n % 997}",
        "context": {"groupId": f"account-{n % 211}", "library": {"name": "analytics-python", "version": "2.4.0"}},
        "event": f"report.{('exported', 'opened', 'shared', 'filtered')[n % 4]}",
        "messageId": f"5f0e1d2c-9b8a-4c7d-8e6f-{n:012d}",
        "type": "track",
    }


def _wrk(url: str, lua: Path, bodies: Path, key: str, seconds: int, connections: int) -> Measured:
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(lua), url, "--", key]
    done = subprocess.run([*command, str(bodies), str(_BODIES)], capture_output=True, text=True, check=True)
    return Measured(
        rate=float(_found(r"Requests/sec:\s+([\d.]+)", done.stdout, "0")),
        failed=int(_found(r"Non-2xx or 3xx responses: (\d+)", done.stdout, "0")),
        p50=_found(r"(?m)^ +50%\s+(\S+)", done.stdout, "?"),
        p99=_found(r"(?m)^ +99%\s+(\S+)", done.stdout, "?"),
    )


def _found(pattern: str, text: str, missing: str) -> str:
    found = re.search(pattern, text)
    return found.group(1) if found else missing


def _show(batches: Measured, singles: Measured, empty: Measured, memory: int) -> None:
    table = Table(title=f"Collector, one process, acks=all, Kafka and wrk on the same {os.cpu_count()} cores")
    for column in ("what", "requests/s", "events/s", "not 200", "p50", "p99"):
        table.add_column(column, justify="left" if column == "what" else "right")
    for name, measured, size in (
        (f"batches of {BATCH}", batches, BATCH),
        ("single events", singles, 1),
        ("empty FastAPI POST", empty, 0),
    ):
        rate, events = f"{measured.rate:,.0f}", f"{measured.rate * size:,.0f}" if size else ""
        table.add_row(name, rate, events, str(measured.failed), measured.p50, measured.p99)
    ratio = singles.rate / empty.rate
    Console(width=110).print(
        table,
        f"singles / empty POST = {ratio:.2f}; collector's memory {memory / 1e6:,.0f} MB; "
        f"load {os.getloadavg()[0]:.1f} while other work may run here",
    )


if __name__ == "__main__":
    sys.exit(main())

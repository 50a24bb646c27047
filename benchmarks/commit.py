"""The fold committed: the worker itself, into TimescaleDB, exactly once, dedupe and fsync on; next to the fold alone.

`python -m benchmarks.commit [--events N] [--runs N]`
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2

from benchmarks.fold import fold
from benchmarks.running import ROOT, Result, fill_batches, kafka, show
from deploy.local.postgres import Postgres
from schemas.database import engine as engines
from schemas.database.migrate import upgrade
from schemas.database.workspaces import create_workspace

LEAST = 60_000
_DONE = "SELECT sum(events) FROM windows WHERE behavior = 0"
_OFFSETS = "SELECT count(*), coalesce(sum(next_offset), 0) FROM offsets"


def main() -> int:
    """Runs both on one Kafka; the exit code tells whether the figures were reached."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    wanted = parser.parse_args()
    with kafka() as bootstrap:
        prefix = fill_batches(bootstrap, wanted.events)
        alone = fold(bootstrap, prefix, wanted.events, wanted.runs)
        return 0 if compare(bootstrap, prefix, wanted.events, wanted.runs, alone) else 1


def compare(bootstrap: str, prefix: str, n: int, runs: int, alone: Result) -> bool:
    """Measures the worker, and shows it beside the fold alone."""
    with tempfile.TemporaryDirectory(prefix="ebbtide-bench-") as folder, Postgres(Path(folder), port=35432) as server:
        print("TimescaleDB" if server.timescaledb else "plain PostgreSQL", "with fsync on")
        rates = [n / _run(bootstrap, server.url, prefix, n) for _ in range(runs)]
    ours = Result("Ebbtide's worker, committed exactly once", rates)
    reached = show("Commit: the fold into the database, dedupe on", ours, [(alone, 0.3)])
    print(f"  at least {LEAST:,} events/s: {'reached' if ours.rate >= LEAST else 'MISSED'}")
    return reached and ours.rate >= LEAST


def _run(bootstrap: str, server: str, prefix: str, n: int) -> float:
    """Seconds from the worker's first look at its offsets to its last commit, in a database of its own."""
    with _database(server) as url:
        environment = {
            **os.environ,
            "EBBTIDE_KAFKA": bootstrap,
            "EBBTIDE_DATABASE_URL": url,
            "EBBTIDE_TOPIC_PREFIX": prefix,
            "EBBTIDE_WORKER_GROUP": f"bench-{uuid.uuid4().hex[:8]}",
            "EBBTIDE_WORKER_METRICS_PORT": "0",
            "EBBTIDE_CONFIG": os.devnull,
            "EBBTIDE_LOG_LEVEL": "WARNING",
        }
        worker = subprocess.Popen([sys.executable, "-m", "streams"], cwd=ROOT, env=environment)
        try:
            return _watch(url, n, worker)
        finally:
            worker.terminate()
            worker.wait()


def _watch(url: str, n: int, worker: "subprocess.Popen[bytes]") -> float:
    started, last, moved = 0.0, 0.0, -1
    connection = psycopg2.connect(url)
    connection.autocommit = True
    cursor = connection.cursor()
    while worker.poll() is None:
        cursor.execute(_OFFSETS)
        rows, offset = cursor.fetchone() or (0, 0)
        started = started or (time.perf_counter() if rows else 0.0)
        if offset != moved:
            moved, last = offset, time.perf_counter()
        elif started and moved > 0 and time.perf_counter() - last > 2:
            cursor.execute(_DONE)
            (counted,) = cursor.fetchone() or (0,)
            if counted != n:
                raise SystemExit(f"{counted} of {n} events were counted")
            connection.close()
            return last - started
        time.sleep(0.02)
    raise SystemExit("the worker ended")


@contextmanager
def _database(server: str) -> Iterator[str]:
    name = f"bench{uuid.uuid4().hex[:8]}"
    admin = psycopg2.connect(server)
    admin.autocommit = True
    admin.cursor().execute(f"CREATE DATABASE {name}")
    url = f"{server.rpartition('/')[0]}/{name}"
    upgrade(url)
    engine = engines.create(url, pool=1)
    create_workspace(engine, "bench")
    engine.dispose()
    try:
        yield url
    finally:
        admin.cursor().execute(f"DROP DATABASE {name} WITH (FORCE)")
        admin.close()


if __name__ == "__main__":
    sys.exit(main())

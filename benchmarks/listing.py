"""The API's lists over 1,000,000 alerts of 100,000 accounts: every filter and sort, over HTTP; p99 of each.

Each list is asked for ten times before its requests count, as of a server that has been running for a while.

`python -m benchmarks.listing [--alerts N] [--accounts N] [--requests N] [--only WORDS]`
"""

import argparse
import random
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import uvicorn
from sqlalchemy import text

from api.app import create_app
from api.settings import Settings
from deploy.local.postgres import Postgres
from schemas.clock import Clock
from schemas.database import engine as engines
from schemas.database.keys import create_key
from schemas.database.migrate import upgrade
from schemas.database.workspaces import create_workspace
from schemas.keys import Scope

MOST = 0.1  # seconds, p99
_CSMS, _SEED, _WARM = 100, 7, 10
_STATES = ("firing", "acknowledged", "snoozed", "recovering", "resolved", "retracted")
_KINDS = ("behavior.dropped", "account.silent", "users.inactive", "champion.silent", "behavior.not_adopted")

_ACCOUNTS = text("""
    INSERT INTO accounts (workspace, number, account, traits)
    SELECT :workspace, i, 'account-' || i, jsonb_build_object(
        'name', 'Company ' || i, 'arr', round((100 * exp(8 * random()))::numeric, 0), 'csm', 'csm-' || i % :csms,
        'plan', (ARRAY['free', 'team', 'pro', 'enterprise'])[1 + i % 4], 'region', 'region-' || i % 12,
        'stage', (ARRAY['onboarding', 'growing', 'renewing'])[1 + i % 3], 'industry', 'industry-' || i % 40,
        'employees', (random() * 9000)::int)
    FROM generate_series(1, :accounts) AS i
""")
# Nine of ten are over; each has the kilobyte of evidence that detection writes.
_ALERTS = text("""
    INSERT INTO alerts (workspace, episode, fingerprint, kind, account, behavior, state, condition, origin, onset,
                        fired_at, resolved_at, sequence, sentence, evidence, csm, priority, assignee, silenced_by)
    SELECT :workspace, md5(i::text), md5((i % :accounts)::text), (CAST(:kinds AS text[]))[1 + (random() * 4)::int],
           1 + i % :accounts, '*', state, state, CASE WHEN i % 50 = 0 THEN 'history' ELSE 'live' END, fired, fired,
           CASE WHEN state IN ('resolved', 'retracted') THEN fired + interval '20 days' END, 3,
           'Company ' || 1 + i % :accounts || ': ' || i % 9 || ' of 12 people still use report ' || i % 500,
           jsonb_build_object('segment', 'plan:' || (ARRAY['team', 'pro', 'enterprise', 'free'])[1 + i % 4],
                              'observed', i % 40, 'expected', 40, 'low', 30, 'high', 50, 'ratio', 0.3,
                              'since', '2026-01-01', 'padding', repeat(md5(i::text), 24)),
           'csm-' || (1 + i % :accounts) % :csms, exp(10 * random()), 'person-' || i % 300,
           CASE WHEN i % 1000 = 0 THEN 'sil_1' END
    FROM (SELECT i, timestamptz '2026-06-01' - random() * interval '3 years' AS fired,
                 CASE WHEN random() < 0.9 THEN (ARRAY['resolved', 'retracted'])[1 + (random() > 0.9)::int]
                      ELSE (CAST(:states AS text[]))[1 + (random() * 3)::int] END AS state
          FROM generate_series(1, :alerts) AS i) AS made
""")
_INDEXES = text("SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'alerts' AND indexname <> 'alerts_pkey'")


def main() -> int:
    """Fills a database, asks, prints a table; the exit code tells whether every list is quick enough."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--alerts", type=int, default=1_000_000)
    parser.add_argument("--accounts", type=int, default=100_000)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--only", default="", help="lists whose names have this")
    wanted = parser.parse_args()
    random.seed(_SEED)
    with tempfile.TemporaryDirectory(prefix="ebbtide-bench-") as folder, Postgres(Path(folder), port=35433) as server:
        key = _fill(server.url, wanted.accounts, wanted.alerts)
        print(f"{wanted.alerts:,} alerts of {wanted.accounts:,} accounts; {wanted.requests} requests each, one by one")
        with _client(server.url, key) as client:
            asked = [(name, ask) for name, ask in _questions(wanted.accounts) if wanted.only in name]
            quick = [_measure(client, name, ask, wanted.requests) for name, ask in asked]
    return 0 if all(quick) else 1


def _questions(accounts: int) -> list[tuple[str, Callable[[], str]]]:
    """What is asked: a name, and an address that differs each time."""
    pick = random.choice

    def day() -> str:
        return f"202{pick('345')}-0{pick('12345')}-1{pick('0123456789')}"

    one: dict[str, Callable[[], str]] = {
        "": lambda: "",
        "state=open": lambda: "state=open",
        "state": lambda: f"state={pick(_STATES)}",
        "kind": lambda: f"kind={pick(_KINDS)}",
        "account": lambda: f"account=account-{random.randint(1, accounts)}",
        "segment": lambda: f"segment=plan:{pick(('free', 'team', 'pro', 'enterprise'))}",
        "csm": lambda: f"csm=csm-{random.randrange(_CSMS)}",
        "assignee": lambda: f"assignee=person-{random.randrange(300)}",
        "origin": lambda: f"origin={pick(('live', 'history', 'shadow'))}",
        "silenced": lambda: "silenced=true",
        "from, to": lambda: f"from={day()}&to=2026-05-01",
        "priority_from": lambda: f"priority_from={random.randint(1, 22000)}",
        "q": lambda: f"q=report {random.randrange(500)}",
        "q, one company": lambda: f"q=Company {random.randint(1, accounts)}",
    }
    pairs = [("csm", "state=open"), ("csm", "kind"), ("kind", "state"), ("segment", "kind"), ("csm", "from, to"),
             ("segment", "state=open"), ("assignee", "state"), ("kind", "origin"), ("csm", "silenced"), ("q", "csm"),
             ("priority_from", "csm"), ("priority_from", "kind")]  # fmt: skip
    asked = dict(one)
    asked |= {f"{a} + {b}": lambda a=a, b=b: f"{one[a]()}&{one[b]()}" for a, b in pairs}  # type: ignore[misc]
    lists = [(f"alerts {name}", lambda ask=ask: f"/v1/alerts?{ask()}") for name, ask in asked.items()]  # type: ignore[misc]
    lists += [
        (f"alerts {name}, by priority", lambda ask=ask: f"/v1/alerts?sort=priority&{ask()}")  # type: ignore[misc]
        for name, ask in asked.items()
    ]
    return [
        *lists,
        ("segments", lambda: "/v1/segments"),
        ("accounts", lambda: "/v1/accounts"),
        ("accounts q", lambda: f"/v1/accounts?q=company {random.randrange(1000)}"),
        ("csms", lambda: "/v1/csms"),
    ]


def _measure(client: httpx.Client, name: str, ask: Callable[[], str], requests: int) -> bool:
    """Asks many times, each list's second page too; prints median and p99."""
    seconds, cursor = [], None
    for i in range(-_WARM, requests):
        address = ask()
        if cursor and i % 2:
            address += f"{'&' if '?' in address else '?'}cursor={cursor}"
        started = time.perf_counter()
        answer = client.get(address)
        seconds.append(time.perf_counter() - started)
        if answer.status_code != 200:
            raise SystemExit(f"{address}: {answer.text}")
        cursor = answer.json().get("next_cursor")
    counted = seconds[_WARM:]
    median, p99 = statistics.median(counted), statistics.quantiles(counted, n=100)[98]
    missed = "" if p99 <= MOST else "  MISSED"
    print(f"  {name:44}{1000 * median:9.1f} ms {1000 * p99:9.1f} ms p99{missed}", flush=True)
    return p99 <= MOST


def _fill(url: str, accounts: int, alerts: int) -> str:
    upgrade(url)
    engine = engines.create(url, pool=1)
    workspace = create_workspace(engine, "bench")
    values = {"workspace": workspace, "accounts": accounts, "alerts": alerts, "csms": _CSMS}
    values |= {"kinds": list(_KINDS), "states": list(_STATES[:4])}
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SET LOCAL maintenance_work_mem = '512MB'"))
        connection.execute(text(f"SELECT setseed(0.{_SEED})"))
        indexes = connection.execute(_INDEXES).all()
        for name, _ in indexes:  # laid anew below: filling them row by row takes many times as long
            connection.execute(text(f"DROP INDEX {name}"))
        connection.execute(_ACCOUNTS, values)
        connection.execute(_ALERTS, values)
        for _, made in indexes:
            connection.exec_driver_sql(made)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
        connection.execute(text("CHECKPOINT"))  # what filling left to be written is no part of what is measured
    key = create_key(engine, workspace, [Scope.READ])
    engine.dispose()
    return key


@contextmanager
def _client(url: str, key: str) -> Iterator[httpx.Client]:
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_app(Settings(database_url=url), Clock()), log_config=None))
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    try:
        address, headers = f"http://127.0.0.1:{listening.getsockname()[1]}", {"Authorization": f"Bearer {key}"}
        with httpx.Client(base_url=address, headers=headers, timeout=60) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()


if __name__ == "__main__":
    sys.exit(main())

"""Files go in through the command, a worker is killed on the way, and the audit proves what became of every row."""

import csv
import gzip
import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psycopg2
import pytest

from deploy.local.demo.director import invent
from deploy.local.demo.player import history
from deploy.local.stack import Stack
from schemas.clock import to_datetime

ROWS = 40_000


def ebbtide(*arguments: object, timeout: float = 240) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from deploy.local.cli import app; app()", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)


def audit(stack: Stack, *more: object) -> tuple[int, dict[str, Any]]:
    done = ebbtide("audit", "--kafka", stack.kafka, "--database-url", stack.database, "--json", *more)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def imported(file: Path, stack: Stack, keys: tuple[str, str], *more: object) -> subprocess.CompletedProcess[str]:
    there = ("--collector", stack.url("collector"), "--api", stack.url("api"))
    return ebbtide("import", file, *there, "--write-key", keys[0], "--api-key", keys[1], "--json", *more)


@pytest.fixture
def activity(tmp_path: Path) -> Path:
    """The first months of the made-up company as a compressed CSV."""
    file = tmp_path / "activity.csv.gz"
    with gzip.open(file, "wt", newline="") as text:
        writer = csv.writer(text)
        writer.writerow(["time", "account", "user", "behavior", "seats"])
        for row in itertools.islice(history(invent(7).world), ROWS):
            writer.writerow([to_datetime(row.time).isoformat(), row.account, row.user, row.behavior, row.line % 3])
    return file


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def test_a_small_file_twice_with_wrong_rows(stack: Stack, workspace: Any, tmp_path: Path) -> None:
    lines = ["timestamp,account_id,user_id,event,seats"]
    lines += [f"2024-05-{day:02d}T08:00:00Z,acme,ada,report,3" for day in range(1, 11)]
    lines += ["2024-05-10T08:00:00Z,acme,ada,report,3", "soon,acme,ada,report,1", "2024-05-10,,,report,1"]
    (tmp_path / "small.csv").write_text("\n".join(lines))
    (tmp_path / "accounts.csv").write_text("account,name,arr\nacme,Acme GmbH,48000\n")
    keys = (workspace.write_key, workspace.api_key)
    for _ in range(2):
        done = imported(tmp_path / "small.csv", stack, keys, "--accounts", tmp_path / "accounts.csv")
        assert done.returncode == 3, done.stderr
        summary = json.loads(done.stdout)
        assert (summary["rows"], summary["accepted"], summary["refused"]) == (13, 11, 2)
        assert [one["line"] for one in summary["rejected"]] == [13, 14]
        api = httpx.Client(base_url=stack.url("api"), headers={"Authorization": f"Bearer {workspace.api_key}"})
        with api:
            query = {"behavior": "report", "from": "2024-05-01", "to": "2024-05-12", "span": "day"}
            windows = api.get("/v1/accounts/acme/windows", params=query).raise_for_status().json()["windows"]
            account = api.get("/v1/accounts/acme").raise_for_status().json()
        assert sum(window["events"] for window in windows) == 11
        assert account["traits"] == {"name": "Acme GmbH", "arr": 48000.0}
    code, report = audit(stack)
    assert (code, report["lost"], report["doubled"]) == (0, 0, 0)
    assert report["duplicates"] >= 11


def test_nothing_to_import_and_wrong_keys(stack: Stack, workspace: Any, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("time,user,behavior\nsoon,ada,report\n")
    assert imported(tmp_path / "bad.csv", stack, (workspace.write_key, workspace.api_key)).returncode == 1
    (tmp_path / "good.csv").write_text("time,user,behavior\n2024-01-01,ada,report\n")
    done = imported(tmp_path / "good.csv", stack, ("ebb_wrong", workspace.api_key), "--no-wait")
    assert done.returncode == 1
    assert "refused the import" in done.stderr


def test_a_killed_worker_and_an_interrupted_import(
    new_stack: Callable[..., Stack], activity: Path, eventually: Callable[..., Any], tmp_path: Path
) -> None:
    stack = new_stack()
    keys = (stack.write_key, stack.api_key)
    command = [sys.executable, "-c", "from deploy.local.cli import app; app()", "import", str(activity), "--no-wait"]
    command += ["--data", str(stack.home)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as interrupted:
        eventually(lambda: list((stack.home / "imports").glob("*.json")), patience=60)
        os.kill(stack.pid("worker-1"), signal.SIGKILL)
        interrupted.send_signal(signal.SIGINT)
        _, said = interrupted.communicate(timeout=60)
    assert interrupted.returncode == 130, said
    done = ebbtide("import", activity, "--data", stack.home, "--json")
    assert done.returncode == 0, done.stderr
    assert "Going on after line" in done.stderr
    summary = json.loads(done.stdout)
    assert summary["accepted"] == ROWS
    assert summary["resumed_at"] > 0

    code, report = audit(stack)
    assert (code, report["lost"], report["doubled"], report["counted"]) == (0, 0, 0, ROWS), report
    assert imported(activity, stack, keys).returncode == 0
    code, report = audit(stack)
    assert (code, report["distinct"], report["counted"]) == (0, ROWS, ROWS)
    _tampering_shows(stack, tmp_path)


def _tampering_shows(stack: Stack, tmp_path: Path) -> None:
    """What the audit says is no formality."""
    connection = psycopg2.connect(stack.database)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE kept AS SELECT * FROM windows WHERE behavior = 0 AND events = 1 LIMIT 1")
            cursor.execute("INSERT INTO windows SELECT * FROM kept")
            code, report = audit(stack)
            assert (code, report["lost"], report["doubled"]) == (1, 0, 1)
            cursor.execute("DELETE FROM windows USING kept WHERE windows.* IS NOT DISTINCT FROM kept.*")
            code, report = audit(stack)
            assert (code, report["lost"], report["doubled"]) == (1, 1, 0)
            cursor.execute("INSERT INTO windows SELECT * FROM kept")
    finally:
        connection.close()
    (tmp_path / "ledger").write_text("never-sent\n")
    code, report = audit(stack, "--ledger", tmp_path / "ledger")
    assert (code, report["lost"], report["missing_from_topics"]) == (1, 0, 1)

"""`ebbtide demo` as a newcomer runs it: alerts that read true, stories, verified webhooks, and nothing left behind."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from deploy.local.addresses import addresses_of
from deploy.local.api import Api
from schemas.clock import Clock, ClockFile, wall_ms, write_clock
from tests.e2e.truth.falsehoods import falsehoods
from tests.e2e.truth.record import Record
from tests.e2e.truth.sentences import untruths

COMMAND = [sys.executable, "-c", "from deploy.local.cli import app; app()"]
PATIENCE = 300
FIRST_WORKSPACE = 1


def _start(folder: Path, seconds: int) -> subprocess.Popen[str]:
    environment = {**os.environ, "TMPDIR": str(folder), "EBBTIDE_DEMO_SECONDS": str(seconds)}
    log = (folder / "said").open("w")
    with log:
        return subprocess.Popen([*COMMAND, "demo"], stdout=log, stderr=subprocess.STDOUT, text=True, env=environment)


def _await(folder: Path, word: str, demo: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + PATIENCE
    while word not in (folder / "said").read_text():
        assert demo.poll() is None, (folder / "said").read_text()
        assert time.monotonic() < deadline, (folder / "said").read_text()
        time.sleep(0.2)


def _left_behind(folder: Path) -> list[str]:
    commands = [" ".join(process.info["cmdline"] or []) for process in psutil.process_iter(["cmdline"])]
    return [command for command in commands if str(folder) in command] + [p.name for p in folder.glob("ebbtide-*")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for parent in (tmp_path, *tmp_path.parents[:3]):
        if parent.stat().st_uid == os.getuid() and parent.name.startswith("pytest"):
            parent.chmod(0o755)
    return tmp_path


def test_the_demo_tells_its_stories_and_leaves_nothing(folder: Path) -> None:
    with _start(folder, 110) as demo:
        _await(folder, "  live", demo)
        (home,) = folder.glob("ebbtide-demo-*")
        command = [*COMMAND, "audit", "--data", str(home), "--json"]
        audit = subprocess.run(command, capture_output=True, text=True, check=False)
        assert demo.wait(PATIENCE) == 0, (folder / "said").read_text()
    said = (folder / "said").read_text()
    assert "✓ Six users became one: seen" in said
    assert "✓ Busy, but never took up the key behavior: seen" in said
    assert "waiting for its detector (handoff.stalled)" in said
    assert "webhooks came, their signatures verified" in said
    assert "with a wrong signature" not in said
    assert "Of 12 customers that left, " in said
    report = json.loads(audit.stdout)
    assert (audit.returncode, report["lost"], report["doubled"]) == (0, 0, 0), report
    assert report["facts"] > 0
    assert _left_behind(folder) == []


def _stop_the_clock(home: Path) -> None:
    """The days play no longer; time goes on as ours does."""
    write_clock(home / "clock.json", ClockFile(wall_ms(), Clock(home / "clock.json").now(), 1.0))


def _await_settled(api: Api) -> None:
    """Until nothing that came late waits to be judged, twice in a row."""
    deadline, settled = time.monotonic() + PATIENCE, 0
    while settled < 2:
        assert time.monotonic() < deadline, api.get("/v1/status")
        status = api.get("/v1/status")
        waits = any(status[name] for name in ("dirty_from", "pending_from", "history_dirty_from"))
        settled = 0 if waits else settled + 1
        time.sleep(1)


@pytest.mark.timeout(2 * PATIENCE)
def test_every_alert_reads_as_the_windows_have_it(folder: Path) -> None:
    with _start(folder, 2 * PATIENCE) as demo:
        _await(folder, "Six become one, live: seen", demo)
        (home,) = folder.glob("ebbtide-demo-*")
        _stop_the_clock(home)
        places = addresses_of(home)
        with Api(places.api, places.api_key) as api:
            _await_settled(api)
            claims = [one["id"] for one in api.all("/v1/alerts") if one["state"] != "retracted"]
            alerts = [api.get(f"/v1/alerts/{alert}") for alert in claims]
        record = Record.read(places.database, FIRST_WORKSPACE)
        demo.send_signal(signal.SIGINT)
        assert demo.wait(60) == 0
    assert _left_behind(folder) == []
    assert len(alerts) > 20
    assert {alert["sentence"]: found for alert in alerts if (found := untruths(record, alert))} == {}
    lies = [(alert, lie) for alert in alerts for _, lie in falsehoods(alert["kind"], alert["sentence"])]
    assert len(lies) > 200
    assert [lie for alert, lie in lies if not untruths(record, alert, lie)] == []


def test_a_hangup_ends_it_all(folder: Path) -> None:
    with _start(folder, 600) as demo:
        _await(folder, "Starting collector", demo)
        time.sleep(1)
        demo.send_signal(signal.SIGHUP)
        assert demo.wait(60) == 0, (folder / "said").read_text()
    assert _left_behind(folder) == []

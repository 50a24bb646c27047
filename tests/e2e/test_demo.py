"""`ebbtide demo` as a newcomer runs it: alerts, stories, verified webhooks, and nothing left behind."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

COMMAND = [sys.executable, "-c", "from deploy.local.cli import app; app()"]
PATIENCE = 200


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
    with _start(folder, 75) as demo:
        _await(folder, "  live", demo)
        (home,) = folder.glob("ebbtide-demo-*")
        command = [*COMMAND, "audit", "--data", str(home), "--json"]
        audit = subprocess.run(command, capture_output=True, text=True, check=False)
        assert demo.wait(PATIENCE) == 0, (folder / "said").read_text()
    said = (folder / "said").read_text()
    assert "✓ Six users became one: seen" in said
    assert "✓ Busy, but never took up the key behavior: seen" in said
    assert "waiting for its detector (handoff.stalled)" in said
    assert "with a wrong signature" not in said
    assert "Of 12 customers that left, " in said
    report = json.loads(audit.stdout)
    assert (audit.returncode, report["lost"], report["doubled"]) == (0, 0, 0), report
    assert report["facts"] > 0
    assert _left_behind(folder) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_all(folder: Path, number: signal.Signals) -> None:
    with _start(folder, 600) as demo:
        _await(folder, "Starting collector", demo)
        time.sleep(1)
        demo.send_signal(number)
        assert demo.wait(60) == 0, (folder / "said").read_text()
    assert _left_behind(folder) == []

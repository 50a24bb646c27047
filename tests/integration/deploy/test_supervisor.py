"""Starting in order, starting again, stopping, and finding what a crash left."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from deploy.local.errors import PartFailedError, RunningError
from deploy.local.parts import Part
from deploy.local.ports import HOST, Ports
from deploy.local.probes import is_ready
from deploy.local.processes import end_stale, records, write_record
from deploy.local.supervisor import Supervisor

SERVE = "import http.server as h; h.HTTPServer(('127.0.0.1', {port}), h.SimpleHTTPRequestHandler).serve_forever()"


@pytest.fixture
def ports() -> Any:
    reserved = Ports()
    yield reserved
    reserved.release()


def server(ports: Ports, name: str = "web", **more: Any) -> Part:
    port = ports.take(name, 28080)
    return Part(name, [sys.executable, "-c", SERVE.format(port=port)], f"http://{HOST}:{port}/", **more)


def script(name: str, code: str, probe: str | None = None, **more: Any) -> Part:
    return Part(name, [sys.executable, "-c", code], probe, **more)


def test_a_ready_part_is_recorded_and_gone_after_stop(tmp_path: Path, ports: Ports) -> None:
    with Supervisor(tmp_path) as supervisor:
        supervisor.start(server(ports))
        recorded = dict(records(tmp_path))
        assert recorded["web"]["alive"]
        assert recorded["supervisor"]["alive"]
    assert not psutil.pid_exists(recorded["web"]["pid"])
    assert not list((tmp_path / "run").glob("*.json"))


def test_a_killed_part_is_running_again_within_two_seconds(
    tmp_path: Path, ports: Ports, eventually: Callable[..., Any]
) -> None:
    with Supervisor(tmp_path) as supervisor:
        supervisor.start(server(ports))
        process = supervisor.processes["web"]
        first = process.pid
        process.send(signal.SIGKILL)
        eventually(lambda: process.pid != first and process.poll() is None, patience=2)
        assert process.restarts == 1
        eventually(lambda: dict(records(tmp_path))["web"]["restarts"] == 1)


def test_a_part_that_keeps_dying_is_started_ever_more_seldom(tmp_path: Path, ports: Ports) -> None:
    with Supervisor(tmp_path) as supervisor:
        supervisor.start(server(ports))
        process = supervisor.processes["web"]
        process.part = script("web", "raise SystemExit(1)", probe="http://127.0.0.1:1/")
        process.send(signal.SIGKILL)
        time.sleep(3)
        assert 2 <= process.restarts <= 4


def test_a_part_that_hangs_is_killed_and_started_again(
    tmp_path: Path, ports: Ports, eventually: Callable[..., Any]
) -> None:
    said: list[str] = []
    port = ports.take("web", 28080)
    with Supervisor(tmp_path, say=said.append) as supervisor:
        supervisor.start(server(ports, alive=f"http://{HOST}:{port}/", hangs=1.0))
        process = supervisor.processes["web"]
        first = process.pid
        process.send(signal.SIGSTOP)
        eventually(lambda: process.pid != first and is_ready(f"http://{HOST}:{port}/"))
        assert process.restarts == 1
        assert any("has not answered" in line for line in said)


def test_a_part_stopped_while_it_is_started_again_does_not_run_on(tmp_path: Path, ports: Ports) -> None:
    starting = threading.Event()

    def before() -> None:
        if dict(records(tmp_path)).get("web"):  # it ran already
            starting.set()
            time.sleep(0.5)

    with Supervisor(tmp_path) as supervisor:
        supervisor.start(server(ports, before=before))
        process = supervisor.processes["web"]
        process.send(signal.SIGKILL)
        assert starting.wait(10)
        supervisor.stop_part("web")
        assert process.restarts == 1
        assert process.poll() is not None


def test_a_part_that_fails_says_so_with_its_last_lines(tmp_path: Path) -> None:
    with Supervisor(tmp_path) as supervisor:
        with pytest.raises(PartFailedError) as failed:
            supervisor.start(script("web", "print('no such thing'); raise SystemExit(3)", "http://x/", hint="Do so."))
        assert "web did not start: it ended with exit code 3" in str(failed.value)
        assert "no such thing" in str(failed.value)
        assert str(failed.value).endswith("Do so.")


def test_a_part_that_is_never_ready_is_given_up_and_ended(tmp_path: Path) -> None:
    with Supervisor(tmp_path) as supervisor:
        part = script("web", "import time; time.sleep(60)", "http://127.0.0.1:1/", patience=0.5)
        with pytest.raises(PartFailedError, match="not ready within"):
            supervisor.start(part)
        pid = supervisor.processes["web"].pid
    assert not psutil.pid_exists(pid)


def test_parts_stop_kind_after_kind(tmp_path: Path, ports: Ports) -> None:
    code = "import signal, sys, time; signal.signal(15, lambda *_: (print('{0}', time.monotonic()), sys.exit()));"
    started = [(name, code.format(name) + SERVE.format(port=ports.take(name, 28080))) for name in ("a", "b-1", "b-2")]
    with Supervisor(tmp_path, stop_order=("b", "a")) as supervisor:
        supervisor.start(*(script(n, c, f"http://{HOST}:{ports.take(n, 0)}/") for n, c in started))
    at = {n: float((tmp_path / "logs" / f"{n}.log").read_text().split()[-1]) for n, _ in started}
    assert max(at["b-1"], at["b-2"]) < at["a"]


def test_a_stubborn_part_is_killed_after_its_grace(tmp_path: Path, ports: Ports) -> None:
    code = "import signal; signal.signal(15, signal.SIG_IGN);" + SERVE.format(port=ports.take("web", 28080))
    with Supervisor(tmp_path) as supervisor:
        supervisor.start(script("web", code, f"http://{HOST}:{ports.take('web', 0)}/", grace=0.5))
        pid = supervisor.processes["web"].pid
    assert not psutil.pid_exists(pid)


def test_one_folder_runs_once(tmp_path: Path) -> None:
    with Supervisor(tmp_path), pytest.raises(RunningError, match="running already"), Supervisor(tmp_path):
        pass


def test_what_a_crash_left_is_ended_and_nobody_elses(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    with subprocess.Popen(command) as left, subprocess.Popen(command) as other:
        write_record(tmp_path / "run" / "web.json", left.pid, probe=None, restarts=0)
        # The same pid with another start time: a number that was given to somebody else since.
        (tmp_path / "run" / "api.json").write_text(f'{{"pid": {other.pid}, "started": 1.0}}')
        assert end_stale(tmp_path) == ["web"]
        running = psutil.pid_exists(left.pid), psutil.pid_exists(other.pid)
        other.kill()
        assert running == (False, True)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal")
def test_nothing_outlives_a_supervisor_that_is_killed(
    tmp_path: Path, ports: Ports, eventually: Callable[..., Any]
) -> None:
    port = ports.take("web", 28080)
    code = (
        "import sys, time; from pathlib import Path; from deploy.local.supervisor import *;"
        "from deploy.local.parts import Part; from deploy.local.privileges import bound;"
        f"s = Supervisor(Path({str(tmp_path)!r})).__enter__();"
        f"s.start(Part('web', bound([sys.executable, '-c', {SERVE.format(port=port)!r}]), 'http://{HOST}:{port}/'));"
        "print(s.processes['web'].pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as supervisor:
        assert supervisor.stdout
        pid = int(supervisor.stdout.readline())
        assert psutil.pid_exists(pid)
        supervisor.kill()
    eventually(lambda: not psutil.pid_exists(pid), patience=5)

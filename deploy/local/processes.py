"""One process of an instance: started, recorded in `run/`, logged in `logs/`, ended."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from deploy.local.parts import Part

_LARGE_LOG = 20_000_000
_LONGEST_DELAY = 15.0
_STEADY = 30.0  # after a run this long, earlier failures are forgotten


class Process:
    """A running part, with the record by which a later command finds it."""

    def __init__(self, part: Part, home: Path) -> None:
        self.part = part
        self.restarts = 0
        self.watched = False
        self.log = home / "logs" / f"{part.name}.log"
        self._record = home / "run" / f"{part.name}.json"
        self._running: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._answered = 0.0
        self._delay = 0.0

    def start(self) -> None:
        """Starts the process in a session of its own, so that a Ctrl-C reaches the supervisor alone."""
        self.part.before()
        rotate(self.log)
        with self.log.open("ab") as log:
            self._running = subprocess.Popen(  # noqa: S603
                self.part.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self.part.environment},
                start_new_session=True,
            )
        self._started = self._answered = time.monotonic()
        self.record()

    def next_delay(self) -> float:
        """How long to wait before the next start: nothing at first, then doubling to 15 s while it keeps dying."""
        steady = time.monotonic() - self._started > _STEADY
        delay = 0.0 if steady else self._delay
        self._delay = min(_LONGEST_DELAY, max(0.5, 2 * delay))
        return delay

    def silence(self, *, answers: bool) -> float:
        """Seconds since it was started or answered last; `answers` says whether it does now."""
        if answers:
            self._answered = time.monotonic()
        return time.monotonic() - self._answered

    def record(self) -> None:
        """Writes down who it is: pid and start time, so that a reused pid is never taken for it."""
        stop = int(self.part.stop_signal)
        write_record(self._record, self.pid, probe=self.part.probe, restarts=self.restarts, stop=stop)

    @property
    def pid(self) -> int:
        """The process id, 0 before the start."""
        return self._running.pid if self._running else 0

    def poll(self) -> int | None:
        """The exit code, or None while it runs."""
        return self._running.poll() if self._running else None

    def send(self, number: int) -> None:
        """Sends a signal, if it still runs."""
        if self._running:
            self._running.send_signal(number)

    def kill(self) -> None:
        """Ends it and what it started, at once."""
        if self._running and self.poll() is None:
            os.killpg(self.pid, signal.SIGKILL)

    def end(self) -> None:
        """Asks it to stop, waits its grace, then kills it and what it started."""
        if self._running is None:
            return
        self.send(self.part.stop_signal)
        try:
            self._running.wait(self.part.grace)
        except subprocess.TimeoutExpired:
            self.kill()
            self._running.wait()
        self._record.unlink(missing_ok=True)


def write_record(path: Path, pid: int, **more: Any) -> None:
    """Records a process of ours in one step, so that no reader sees half of it."""
    try:
        started = psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        started = 0.0
    half = path.with_suffix(".part")
    half.write_text(json.dumps({"pid": pid, "started": started, **more}))
    half.rename(path)


def records(home: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The recorded processes of the instance: name and record, with `alive` told."""
    for path in sorted((home / "run").glob("*.json")):
        try:
            record = json.loads(path.read_text())
        except (OSError, ValueError):
            continue
        yield path.stem, record | {"alive": find(record) is not None}


def find(record: dict[str, Any]) -> psutil.Process | None:
    """The recorded process, if it still runs and is the same one."""
    try:
        process = psutil.Process(record["pid"])
        # A clock that is set changes what psutil computes as the start by a little.
        same = abs(process.create_time() - record["started"]) < 5
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except (psutil.Error, KeyError):
        return None


def supervisor_of(home: Path) -> int:
    """The process id of the living supervisor of the instance, 0 if there is none."""
    return next((int(r["pid"]) for name, r in records(home) if name == "supervisor" and r["alive"]), 0)


def end_stale(home: Path) -> list[str]:
    """Ends what an earlier supervisor of this instance left running; returns the names."""
    others = ((name, record) for name, record in records(home) if name != "supervisor")
    stale = [(name, record, process) for name, record in others if (process := find(record))]
    family = [member for *_, process in stale for member in (*_children(process), process)]
    for _, record, process in stale:
        _signal(process, record.get("stop", signal.SIGTERM))
    _, stubborn = psutil.wait_procs(family, timeout=8)
    for process in stubborn:
        _signal(process, signal.SIGKILL)
    psutil.wait_procs(stubborn, timeout=5)
    for path in (home / "run").glob("*.json"):
        path.unlink(missing_ok=True)
    return [name for name, *_ in stale]


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.Error:
        return []


def _signal(process: psutil.Process, number: int) -> None:
    with suppress(psutil.Error):
        process.send_signal(number)


def rotate(log: Path) -> None:
    """Sets a log aside that has grown large; one earlier log is kept."""
    if log.exists() and log.stat().st_size > _LARGE_LOG:
        log.replace(log.with_suffix(".log.1"))


def tail(log: Path, lines: int = 12) -> str:
    """The last lines of a log."""
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 16_384))
        return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])

"""Starts parts in stages, starts those again that die or hang, stops all in order.

One thread starts every process and lives as long as the supervisor: the kernel ends a child with the thread that
started it (`privileges.bound`), so nothing outlives a supervisor that is killed.
"""

import fcntl
import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

from deploy.local.errors import LocalError, PartFailedError, RunningError
from deploy.local.parts import Part
from deploy.local.probes import is_ready
from deploy.local.processes import Process, end_stale, tail, write_record

_TICK = 0.1
_ASK_EVERY = 2.0


class Supervisor:
    """The parts of one instance, whose records and logs are kept in `home`."""

    def __init__(self, home: Path, stop_order: Sequence[str] = (), say: Callable[[str], None] = lambda _: None) -> None:
        self.home = home
        self.processes: dict[str, Process] = {}
        self._say = say
        self._stop_order = stop_order
        self._starter = ThreadPoolExecutor(1, "starter")
        self._over = threading.Event()
        self._watchers = [
            threading.Thread(target=watch, name=watch.__name__, daemon=True) for watch in (self._watch, self._ask)
        ]
        self._due: dict[str, float] = {}
        self._changing = threading.Lock()  # what is stopped must not be started again at that moment

    def __enter__(self) -> Self:
        try:
            for folder in ("run", "logs"):
                (self.home / folder).mkdir(parents=True, exist_ok=True)
            self._lock = (self.home / "run" / "lock").open("w")
        except OSError as error:
            raise LocalError(f"{self.home} can't be written ({error.strerror}). Name another with --data.") from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            raise RunningError(f"The instance in {self.home} is running already. `ebbtide down` ends it.") from None
        for name in end_stale(self.home):
            self._say(f"Ended {name}, left by an earlier run.")
        write_record(self.home / "run" / "supervisor.json", os.getpid())
        for watcher in self._watchers:
            watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, *stage: Part) -> None:
        """Starts these parts together and returns once all are ready, or raises a PartFailedError."""
        fresh = [Process(part, self.home) for part in stage]
        for process in fresh:
            self.processes[process.part.name] = process
            self._start(process)
        for process in fresh:
            self._await(process)
            if process.part.probe:
                process.watched = True
            else:
                self._end([self.processes.pop(process.part.name)])

    def stop(self) -> None:
        """Ends all parts, one kind after the other; parts of one kind at the same time."""
        self._over.set()
        for watcher in self._watchers:
            if watcher.is_alive():
                watcher.join()
        self._starter.submit(int).result()  # a start under way comes to its end first, and is ended then
        kinds = dict.fromkeys([*self._stop_order, *reversed([p.part.kind for p in self.processes.values()])])
        for kind in kinds:
            self._end([p for p in self.processes.values() if p.part.kind == kind])
        self.processes.clear()
        self._starter.shutdown()
        if not self._lock.closed:
            (self.home / "run" / "supervisor.json").unlink(missing_ok=True)
            self._lock.close()

    def stop_part(self, name: str) -> None:
        """Ends one part for good, as an operator would."""
        with self._changing:
            process = self.processes.pop(name)
            self._due.pop(name, None)
        self._end([process])

    def _start(self, process: Process) -> None:
        self._starter.submit(process.start).result()

    def _end(self, processes: list[Process]) -> None:
        enders = [threading.Thread(target=process.end) for process in processes]
        for ender in enders:
            ender.start()
        for ender in enders:
            ender.join()

    def _await(self, process: Process) -> None:
        part, deadline = process.part, time.monotonic() + process.part.patience
        while time.monotonic() < deadline:
            code = process.poll()
            if code is not None and (part.probe or code):
                raise self._failed(process, f"it ended with exit code {code}")
            if code == 0 or (part.probe and is_ready(part.probe)):
                return
            time.sleep(_TICK)
        raise self._failed(process, f"it was not ready within {part.patience:.0f} s")

    def _failed(self, process: Process, why: str) -> PartFailedError:
        return PartFailedError(process.part.name, why, process.log, tail(process.log), process.part.hint)

    def _watch(self) -> None:
        while not self._over.wait(_TICK):
            for name, process in list(self.processes.items()):
                with self._changing:
                    if self.processes.get(name) is process and process.watched and process.poll() is not None:
                        self._revive(process)

    def _ask(self) -> None:
        """Kills what runs and does not answer, so that it is started again."""
        while not self._over.wait(_ASK_EVERY):
            asked = [p for p in list(self.processes.values()) if p.watched and p.part.alive]
            for process in asked:
                silence = process.silence(answers=is_ready(process.part.alive or ""))
                if silence > process.part.hangs and self.processes.get(process.part.name) is process:
                    self._say(f"{process.part.name} has not answered for {silence:.0f} s; it is killed.")
                    process.kill()

    def _revive(self, process: Process) -> None:
        name, now = process.part.name, time.monotonic()
        if name not in self._due:
            self._due[name] = now + process.next_delay()
            self._say(f"{name} ended with exit code {process.poll()}; it is started again.")
        elif now >= self._due[name]:
            del self._due[name]
            process.restarts += 1
            try:
                self._start(process)
            except (OSError, LocalError) as error:
                self._say(f"{name} could not be started again: {error}")

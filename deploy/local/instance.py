"""One running instance in one folder: its lock, its ports, its processes. Kafka, Postgres and Stack are instances."""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from deploy.local.ports import Ports
from deploy.local.supervisor import Supervisor


class Instance(ABC):
    """A context in which the parts that `launch` starts are running; the folder is kept, and can be opened again."""

    def __init__(
        self, home: Path, *, stop_order: Sequence[str] = (), say: Callable[[str], None] = lambda _: None
    ) -> None:
        self.home = home.absolute()
        self.say = say
        self._stop_order = stop_order

    @abstractmethod
    def launch(self) -> None:
        """Starts the parts; `self.supervisor` and `self.ports` are there."""

    def __enter__(self) -> Self:
        with ExitStack() as opening:
            self.ports = Ports(self.recall("ports"))
            opening.callback(self.ports.release)
            self.supervisor = opening.enter_context(Supervisor(self.home, self._stop_order, self.say))
            self.launch()
            self.remember("ports", self.ports.taken)
            self._open = opening.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def recall(self, what: str) -> dict[str, int]:
        """What was remembered when this folder was last open."""
        file = self.home / f"{what}.json"
        kept: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}
        return kept

    def remember(self, what: str, values: dict[str, int]) -> None:
        """Keeps values for the next time this folder is opened."""
        (self.home / f"{what}.json").write_text(json.dumps(values))

"""What the supervisor is told about one process."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from signal import Signals


@dataclass(frozen=True)
class Part:
    """One process: how it is started, when it is ready, how it is ended. Without a probe it runs once, to its end.

    `alive` is asked while it runs: what does not answer there for `hangs` seconds is killed and started again.
    """

    name: str
    command: list[str]
    probe: str | None
    environment: Mapping[str, str] = field(default_factory=dict)
    before: Callable[[], None] = lambda: None
    stop_signal: Signals = Signals.SIGTERM
    grace: float = 15.0
    patience: float = 60.0
    alive: str | None = None
    hangs: float = 45.0
    hint: str = ""

    @property
    def kind(self) -> str:
        """The name without its number: worker-2 is a worker."""
        return self.name.partition("-")[0]

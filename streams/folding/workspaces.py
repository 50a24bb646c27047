"""Which workspaces there are: events of others are quarantined."""

from collections.abc import Callable


class Workspaces:
    """The known workspaces; one that is missing is looked for in the database, at most once in `every` seconds."""

    def __init__(self, load: Callable[[], set[int]], clock: Callable[[], float], every: float = 1.0) -> None:
        self._load = load
        self._clock = clock
        self._every = every
        self._known: set[int] = set()
        self._loaded = -every

    def __contains__(self, workspace: object) -> bool:
        if workspace not in self._known and self._clock() - self._loaded >= self._every:
            self._known, self._loaded = self._load(), self._clock()
        return workspace in self._known

"""Which workspaces there are: events of others are quarantined."""

from collections.abc import Callable


class Workspaces:
    """The known workspaces. One that is missing is looked for in the database, the same one at most every second."""

    def __init__(self, load: Callable[[], set[int]], clock: Callable[[], float], every: float = 1.0) -> None:
        self._load = load
        self._clock = clock
        self._every = every
        self._known: set[int] = set()
        self._missed: dict[object, float] = {}

    def __contains__(self, workspace: object) -> bool:
        if workspace in self._known:
            return True
        now = self._clock()
        if now - self._missed.get(workspace, -self._every) >= self._every:
            self._known = self._load()
            self._missed = {one: at for one, at in self._missed.items() if now - at < self._every}
            if workspace not in self._known:
                self._missed[workspace] = now
        return workspace in self._known

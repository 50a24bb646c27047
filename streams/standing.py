"""How long partitions have stood still although records wait in them. Pure.

>>> standing = Standing()
>>> standing.note({(0, 0): 5}, {(0, 0): 3}, now=10.0), standing.note({(0, 0): 9}, {(0, 0): 3}, now=14.0)
({(0, 0): 0.0}, {(0, 0): 4.0})
>>> standing.note({(0, 0): 9}, {(0, 0): 9}, now=16.0)
{}
"""

from collections.abc import Mapping

Key = tuple[int, int]  # topic's number, partition


class Standing:
    """Remembers since when each partition has been where it is."""

    def __init__(self) -> None:
        self._since: dict[Key, tuple[int, float]] = {}

    def note(self, ends: Mapping[Key, int], folded: Mapping[Key, int], now: float) -> dict[Key, float]:
        """Seconds that each partition with records between `folded` and `ends` has not moved, `now` in seconds."""
        found: dict[Key, float] = {}
        for key, end in ends.items():
            at = folded.get(key, 0)
            if at >= end or self._since.get(key, (None,))[0] != at:
                self._since[key] = at, now
            if at < end:
                found[key] = now - self._since[key][1]
        return found

    def forget(self) -> None:
        """Begins anew: for a while nobody could say where the partitions end, or how far they are folded."""
        self._since.clear()

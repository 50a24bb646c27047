"""Since when users are in windows, noted before these are written: from there on joined people are judged again."""

from collections.abc import Callable, Collection

import numpy as np
from numpy.typing import NDArray

from schemas.clock import HOUR_MS
from streams.fold import Deltas

Note = Callable[[int, Collection[tuple[int, int]]], None]
_NEVER = np.iinfo(np.int32).max


class Seen:
    """The earliest hour that is noted of each user, by workspace and number; `note(workspace, [(user, ms), …])`."""

    def __init__(self, note: Note) -> None:
        self._note = note
        self._noted: dict[int, NDArray[np.int32]] = {}

    def add(self, deltas: Deltas) -> None:
        """Notes the users of window deltas that memory does not know of, or of a later hour only."""
        sizes = np.diff(deltas.bounds)
        hours = np.repeat(deltas.hour.astype(np.int32), sizes)
        workspaces = np.repeat(deltas.workspace, sizes)
        for workspace in np.unique(deltas.workspace).tolist():
            mine = workspaces == workspace
            self._add(workspace, deltas.users[mine].astype(np.int64), hours[mine])

    def _add(self, workspace: int, users: NDArray[np.int64], hours: NDArray[np.int32]) -> None:
        noted = self._grown(workspace, int(users.max(initial=0)) + 1)
        earlier = hours < noted[users]
        if earlier.any():
            numbers, places = np.unique(users[earlier], return_inverse=True)
            first = np.full(len(numbers), _NEVER, np.int32)
            np.minimum.at(first, places, hours[earlier])
            self._note(workspace, list(zip(numbers.tolist(), (first.astype(np.int64) * HOUR_MS).tolist(), strict=True)))
            noted[numbers] = first

    def _grown(self, workspace: int, size: int) -> NDArray[np.int32]:
        held = self._noted.get(workspace, np.empty(0, np.int32))
        if len(held) < size:
            held = np.concatenate([held, np.full(2 * size - len(held), _NEVER, np.int32)])
            self._noted[workspace] = held
        return held

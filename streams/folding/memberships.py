"""Whose user somebody is at a moment: the latest membership until then, else the earliest known."""

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable

import numpy as np
from numpy.typing import NDArray

Membership = tuple[int, int]  # valid from (ms), account number
Load = Callable[[int, Collection[int]], dict[int, list[Membership]]]
NONE = -1


def account_at(memberships: list[Membership], time: int) -> int:
    """The account at `time` (ms); NONE without any membership. `memberships` are in order.

    >>> account_at([(100, 7), (200, 8)], 50), account_at([(100, 7), (200, 8)], 250), account_at([], 1)
    (7, 8, -1)
    """
    if not memberships:
        return NONE
    return memberships[max(0, bisect_right(memberships, (time, 1 << 62)) - 1)][1]


class Memberships:
    """What is known of each user's memberships, read when it is needed and again after `fresh` seconds."""

    def __init__(self, load: Load, fresh: float = 10.0, cap: int = 2_000_000) -> None:
        self._load = load
        self._fresh = fresh
        self._cap = cap
        self._known: dict[tuple[int, int], tuple[float, list[Membership]]] = {}

    def learn(self, workspace: int, users: Iterable[int], clock: float) -> None:
        """Reads the memberships of users that memory lacks, or that are old (`clock` is monotonic seconds)."""
        if len(self._known) > self._cap:
            self._known.clear()
        old = clock - self._fresh
        wanted = [user for user in users if self._known.get((workspace, user), (-1e18, []))[0] < old]
        if wanted:
            found = self._load(workspace, wanted)
            self._known.update({(workspace, user): (clock, found.get(user, [])) for user in wanted})

    def join(self, workspace: int, user: int, membership: Membership) -> bool:
        """Adds a membership that was just said; false where it changes nothing. The user must be learned."""
        known = self._known[workspace, user][1]
        if known and account_at([m for m in known if m[0] <= membership[0]], membership[0]) == membership[1]:
            return False
        self._known[workspace, user] = (self._known[workspace, user][0], sorted({*known, membership}))
        return True

    def forget(self) -> None:
        """Drops what was said in a transaction that did not become true."""
        self._known.clear()

    def accounts(self, workspace: int, users: NDArray[np.int64], times: NDArray[np.int64]) -> NDArray[np.int64]:
        """The account of each event by its user and time; NONE where there is none."""
        distinct, index = np.unique(users, return_inverse=True)
        histories = [self._known.get((workspace, user), (0.0, []))[1] for user in distinct.tolist()]
        accounts = np.array([history[0][1] if history else NONE for history in histories], np.int64)[index]
        moved = np.array([len(history) > 1 for history in histories], bool)[index]
        for i in np.flatnonzero(moved).tolist():
            accounts[i] = account_at(histories[index[i]], int(times[i]))
        return accounts

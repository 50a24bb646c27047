"""Segments as keys of their own: which accounts are in each, and a day of theirs."""

import zlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from schemas.segments import EVERYONE
from schemas.windows import ALL_NUMBER
from streams.baselines import HOLIDAY
from streams.detectors.base import Bools, Day, Floats
from streams.detectors.behavior_dropped import DropState
from streams.detectors.segment_dropped import below_alone, broad
from streams.evaluating.activity import Ints, behavior_of
from streams.evaluating.world import Account


def key_of(segment: str) -> int:
    """A segment's key: 0 is everyone, others are a hash of their name in the place of an account."""
    return 0 if segment == EVERYONE else (1 + zlib.crc32(segment.encode()) % 0x7FFFFFFE) << 32


class Breadth(NamedTuple):
    """By segment: accounts judged, those below what they do by themselves, and whether they are most of them."""

    members: Ints
    fallen: Ints
    wide: Bools


class Segments:
    """The segments of a workspace's accounts; `keys` sorted, `names` and `members` (keys of `*`) beside them.

    Made of accounts (`owners`, None: not known), and for each of `account_keys` which of them is its `owner`.
    """

    def __init__(self, owners: Sequence[Account | None], owner: Ints, account_keys: Ints, known: Ints) -> None:
        names = {name: key_of(name) for name in {one.segment for one in owners if one}}
        own = np.array([names[one.segment] if one else -1 for one in owners], np.int64)[owner]
        self._whole = (behavior_of(account_keys) == ALL_NUMBER) & (own >= 0)
        self.names = {key: name for name, key in names.items()} | {0: EVERYONE}
        self.keys: Ints = np.union1d(known, np.array(sorted(self.names), np.int64))
        self._at = np.where(self._whole, np.searchsorted(self.keys, np.maximum(own, 0)), 0)
        self._account_keys = account_keys
        self._peers = (self.keys == 0).astype(np.int64)

    def day(self, day: Day) -> Day:
        """A day of the accounts, as one of the segments."""
        users, events = self._sum(day.users), self._sum(day.events)
        holidays = self._sum((day.kind == HOLIDAY).astype(float))
        kind = np.where(holidays > self._sum(np.ones(len(day.kind))) / 2, HOLIDAY, (day.date + 3) % 7)
        return Day(day.date, day.covered, self.keys, users, events, kind.astype(np.int64), self._peers, 2)

    def breadth(self, accounts: DropState, judged: Bools) -> Breadth:
        """How many accounts of each segment are below."""
        below, judged = below_alone(accounts), judged & self._whole
        members, fallen, wide = broad(below, judged, self._at, len(self.keys))
        all_members, all_fallen, all_wide = broad(below, judged, np.zeros(len(self._at), np.int64), 1)
        members[0], fallen[0], wide[0] = all_members[0], all_fallen[0], all_wide[0]
        return Breadth(members, fallen, wide)

    def members(self, key: int) -> Sequence[int]:
        """The keys of `*` of a segment's accounts."""
        mine = self._whole if key == 0 else self._whole & (self.keys[self._at] == key)
        found: list[int] = self._account_keys[mine].tolist()
        return found

    def _sum(self, values: Floats) -> Floats:
        found: Floats = np.bincount(self._at[self._whole], values[self._whole], len(self.keys)).astype(np.float64)
        found[0] = values[self._whole].sum()
        return found

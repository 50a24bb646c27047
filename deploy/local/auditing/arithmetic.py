"""The audit's proof, without I/O: events of the topics against what the database says it did with them."""

from collections.abc import Mapping
from itertools import chain

import msgspec
import numpy as np
from numpy.typing import NDArray

from deploy.local.auditing.columns import Codes, Hashes, Ints, Small, Sums, TopicEvents
from schemas.topics import EVENTS, TOPIC_CODES

_HORIZON_HOURS = 48


class Difference(msgspec.Struct, frozen=True):
    """A window that does not hold what it should; account None: the workspace's events that name none.

    Where the numbers of events agree the sums of their ids do not: some were lost and as many doubled.
    """

    workspace: int
    account: str | None
    hour: int
    events_too_many: int


class Balance(msgspec.Struct, frozen=True):
    """What became of the distinct events."""

    lost: int
    doubled: int
    differences: list[Difference]


class Repeats(msgspec.Struct, frozen=True):
    """Which events count (`counted`, a mask), how many repeat one within the horizon, how many one beyond it."""

    counted: NDArray[np.bool_]
    within: int
    beyond: int


def repeats(events: TopicEvents) -> Repeats:
    """Tells an id's first occurrence on a topic from its repeats.

    On `events` a repeat that is received more than 48 hours later counts anew, as dedupe promises; an import's never.
    """
    counted = np.zeros(len(events), np.bool_)
    if not len(events):
        return Repeats(counted, 0, 0)
    order = np.lexsort((events.received, events.high, events.low, events.topic))
    high, low, topic = events.high[order], events.low[order], events.topic[order]
    same = (high[1:] == high[:-1]) & (low[1:] == low[:-1]) & (topic[1:] == topic[:-1])
    fresh = np.r_[True, ~same]
    beyond = _beyond_horizon(fresh, events.received[order], topic)
    fresh[beyond] = True
    counted[order] = fresh
    return Repeats(counted, len(events) - int(fresh.sum()), len(beyond))


def _beyond_horizon(fresh: NDArray[np.bool_], received: Ints, topic: Small) -> list[int]:
    """Repeats that count anew. Only ids that occur twice at all are looked at one by one."""
    found, counted_at = [], 0
    for i in np.flatnonzero(~fresh & (topic == TOPIC_CODES[EVENTS])).tolist():
        if fresh[i - 1]:
            counted_at = int(received[i - 1])
        if received[i] - counted_at > _HORIZON_HOURS:
            found.append(i)
            counted_at = int(received[i])
    return found


def balance(expected: TopicEvents, unassigned: Sums, windows: Sums, codes: Codes) -> Balance:
    """Distinct TRACK events, less what waits unassigned, against `*` windows.

    An event that names its account must be in that account's window. One that names none is in some account's window of
    its workspace and hour, or waits; so those are compared by workspace and hour, over what the named ones leave.
    """
    nowhere = codes.without_account()
    nameless = np.isin(expected.owner, nowhere)
    named = _sums(expected.take(~nameless))
    waiting_or_placed = _sums(expected.take(nameless)).minus(unassigned)
    residue = windows.minus(named)
    missing = residue.events < 0
    open_hours = np.isin(residue.owned_keys(nowhere), waiting_or_placed.keys)
    wrong = residue.take(missing | ~open_hours)
    placed = residue.take(~missing & open_hours).owned_by(nowhere)
    return _balance(wrong, placed.minus(waiting_or_placed), codes)


def _sums(events: TopicEvents) -> Sums:
    return Sums.of(events.owner, events.hour, np.ones(len(events), np.int64), events.low)


def _balance(wrong: Sums, wrong_in_hour: Sums, codes: Codes) -> Balance:
    lost = doubled = 0
    differences = []
    for sums in (wrong, wrong_in_hour):
        lost += int(-sums.events[sums.events < 0].sum()) + int((sums.events == 0).sum())
        doubled += int(sums.events[sums.events > 0].sum()) + int((sums.events == 0).sum())
        for owner, hour, events in zip(
            sums.owners().tolist(), sums.hours().tolist(), sums.events.tolist(), strict=True
        ):
            workspace, account = codes.pairs[owner]
            differences.append(Difference(workspace, account, hour, events))
    return Balance(lost, doubled, differences)


class Places(msgspec.Struct, frozen=True):
    """Where wanted ids are: `counts` by place, each id once; `several` are in places that exclude each other."""

    counts: dict[str, int]
    several: int


def places(wanted: Hashes, exclusive: Mapping[str, Hashes], otherwise: Mapping[str, Hashes]) -> Places:
    """Where the wanted ids (first halves) are: in one of the `exclusive` places, else in the first of the others.

    >>> ids = np.array([1, 2, 3, 4], np.uint64)
    >>> places(ids, {"unassigned": ids[:1], "counted": ids[:2]}, {"later": ids[1:3]})
    Places(counts={'unassigned': 1, 'counted': 1, 'later': 1, 'missing': 1}, several=1)
    """
    left, counts = wanted, dict[str, int]()
    for name, ids in chain(exclusive.items(), otherwise.items()):
        here = np.isin(left, ids)
        counts[name], left = int(here.sum()), left[~here]
    times = sum((np.isin(wanted, ids).astype(np.int64) for ids in exclusive.values()), np.zeros(len(wanted), np.int64))
    return Places(counts | {"missing": len(left)}, int((times > 1).sum()))

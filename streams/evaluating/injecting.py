"""Drops that are known because we made them: what share of real ones is found, measured without labels. Pure.

Into a sample of a workspace's own accounts drops are injected (silent, or thinned to 30 %), and the fold of live
evaluation runs over them, with thresholds from the workspace's own calibration. Found is a drop on whose account an
alert fires within 14, or 42, days. Few accounts are down at a time, so that peers stay what they are.
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from schemas.alerts import ON_ACCOUNTS, Transition
from schemas.clock import DAY_MS
from schemas.windows import ALL_NUMBER
from streams import calibration
from streams.detectors.base import Floats, Ints
from streams.evaluating import folding
from streams.evaluating.activity import Activity, account_of, pack
from streams.evaluating.folding import Detection, Progress
from streams.evaluating.opening import Happening
from streams.evaluating.world import World

DAYS = 240  # that are folded: the baselines settle in the first half of them
SAMPLE = 600
_ONE_IN = 5
_SETTLED = 120
SOON, LATE = 14, 42
KEPT = (0.0, 0.3)
_CALIBRATED = ("calibration", "calibrations", "calibrated")  # where detectors count


class Injection(NamedTuple):
    """A drop of one account (its number), six weeks long: from which day on, the share kept, and its size before."""

    account: int
    onset: int
    kept: float
    weekly: float


class Found(NamedTuple):
    """How many drops were injected into accounts of a stratum, and how many of them were found in time."""

    stratum: int
    injected: int
    soon: int
    late: int


def sample(accounts: Ints, seed: int) -> Ints:
    """At most SAMPLE of some accounts, sorted; the same ones every time."""
    if len(accounts) <= SAMPLE:
        return accounts
    found: Ints = np.sort(np.random.default_rng(seed).choice(accounts, SAMPLE, replace=False))
    return found


def found(
    world: World, activity: Activity, last: int, detection: Detection, before: Progress, seed: int = 1
) -> list[Found]:
    """By stratum, what the fold finds of drops injected into `activity`, which ends with day `last`.

    What was calibrated `before` is taken over; nothing of it is changed.
    """
    injections = draw(world, activity, last, seed)
    first = int(activity.day.min()) if len(activity.day) else last
    progress = folding.begin(detection, max(first, last - DAYS + 1))
    progress.spending.counted = copy.deepcopy(before.spending.counted)
    for name, state in progress.states.items():
        _calibrate(state, before.states[name])
    changed = inject(activity, injections, seed)
    alerts: dict[int, list[int]] = {}
    for _, happenings in folding.fold(world, changed, progress, last, detection):
        for one in happenings:
            if _counts(one):
                alerts.setdefault(one.account or 0, []).append(one.change.at // DAY_MS)
    return _by_stratum(injections, alerts)


def _calibrate(state: Any, like: Any) -> None:
    """Takes over what another state of the same detector has counted."""
    for part, of in ((state, like), (getattr(state, "whole", None), getattr(like, "whole", None))):
        for name in _CALIBRATED:
            if hasattr(part, name):
                setattr(part, name, copy.deepcopy(getattr(of, name)))


def _counts(one: Happening) -> bool:
    told = one.change.transition in (Transition.FIRED, Transition.RELAPSED)
    return told and one.subject.kind in ON_ACCOUNTS and not one.shadow


def _by_stratum(injections: Sequence[Injection], alerts: Mapping[int, Sequence[int]]) -> list[Found]:
    strata = calibration.stratum_of(np.array([one.weekly for one in injections], float)).tolist()
    counted: dict[int, list[int]] = {}
    for stratum, one in zip(strata, injections, strict=True):
        delays = [day - one.onset for day in alerts.get(one.account, [])]
        if any(-LATE <= delay < 0 for delay in delays):
            continue  # it was told of already, and is not told again
        soonest = min((delay for delay in delays if delay >= 0), default=LATE + 1)
        row = counted.setdefault(stratum, [0, 0, 0])
        for place, yes in enumerate((True, soonest <= SOON, soonest <= LATE)):
            row[place] += yes
    return [Found(stratum, *counted[stratum]) for stratum in sorted(counted)]


def draw(world: World, activity: Activity, last: int, seed: int) -> list[Injection]:
    """Every fifth of the accounts that have been there long enough, each with a drop on a day of its own."""
    rng = np.random.default_rng(seed)
    begin = last - DAYS + 1 + _SETTLED
    drawn = []
    for number in world.accounts:
        chosen, onset = rng.random() < 1 / _ONE_IN, int(rng.integers(begin, last - LATE + 1))
        kept = KEPT[rng.integers(2)]
        days, _ = activity.presences(pack(number, ALL_NUMBER), onset - 56, onset - 1)
        if chosen and len(days) and days.min() < onset - 28:
            drawn.append(Injection(number, onset, kept, len(days) / 8))
    return drawn


def inject(activity: Activity, injections: Sequence[Injection], seed: int) -> Activity:
    """The same activity with visits left out; a person's day is left out of all of an account's behaviors, or of none.

    >>> from streams.evaluating.activity import gather
    >>> ones = np.ones(4, np.int64)
    >>> acme = gather(np.arange(4), 9 * ones, pack(1, 0) * ones, 3 * ones, np.arange(4), ones)
    >>> silent = inject(acme, [Injection(1, 2, 0.0, 7)], seed=1)
    >>> silent.users.tolist(), silent.events.tolist(), silent.seen_day.tolist()
    ([1, 1, 0, 0], [3, 3, 0, 0], [0, 1])
    """
    owners = account_of(activity.seen_key)
    kept = _kept(activity.seen_day, owners, injections)
    stays = _luck(activity.seen_day, owners, activity.seen_user, seed) < kept
    rows = np.repeat(np.arange(len(activity.day)), activity.users)
    users = np.bincount(rows[stays], minlength=len(activity.day)).astype(np.int64)
    share = np.where(activity.users > 0, users / np.maximum(activity.users, 1), 1.0)
    events = np.round(activity.events * share).astype(np.int64)
    hours = activity.by_hour
    left = hours.events * _kept(hours.day, account_of(hours.key), injections)
    by_hour = hours._replace(events=np.round(left).astype(np.int64))
    seen = {name: getattr(activity, name)[stays] for name in ("seen_day", "seen_key", "seen_user")}
    return replace(activity, users=users, events=events, by_hour=by_hour, **seen)


def _kept(days: Ints, accounts: Ints, injections: Sequence[Injection]) -> Floats:
    """The share that is kept of each account's day; 1 where nothing was injected."""
    if not injections:
        return np.ones(len(days))
    numbers, onsets, shares = (
        np.array(column) for column in zip(*(one[:3] for one in sorted(injections)), strict=True)
    )
    at = np.minimum(np.searchsorted(numbers, accounts), len(numbers) - 1)
    fallen = (numbers[at] == accounts) & (days >= onsets[at]) & (days <= onsets[at] + LATE)
    return np.where(fallen, shares[at], 1.0)


def _luck(days: Ints, accounts: Ints, users: Ints, seed: int) -> Floats:
    """A number from 0 to 1 for each person's day, whatever the order: a multiplicative hash (splitmix64's finish)."""
    mixed = (days * 0x9E3779B1 + accounts * 0x85EBCA77 + users * 0xC2B2AE3D + seed).astype(np.uint64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return (mixed ^ (mixed >> np.uint64(31))).astype(np.float64) / 2.0**64

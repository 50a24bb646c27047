"""From verdicts to alerts: what each day's verdicts do to open episodes, and which crossings are another alert's.

A segment's alert absorbs new ones of its accounts for two weeks, everyone's those of all, unless an account does less
than a quarter of what its peers' fall leaves to be expected; the alert on all of an account's use absorbs those on its
behaviors. One fall, one alert.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec
import numpy as np

from schemas.alerts import AlertKind, Evidence, Subject, fingerprint
from schemas.clock import DAY_MS
from schemas.days import day_start
from schemas.windows import ALL, ALL_NUMBER
from streams import alerting
from streams.alerting import Change, Life, Sighting
from streams.baselines import Bools, Ints
from streams.calendar import day_of
from streams.detectors.base import Verdicts
from streams.detectors.behavior_dropped import BehaviorDropped, DropState
from streams.evaluating.activity import Activity, account_of, behavior_of
from streams.evaluating.segments import Segments, key_of
from streams.evaluating.world import Account, World
from streams.evidence import Finding, evidence_of
from streams.sentences import account_sentence, segment_sentence

_ABSORBS = 14 * DAY_MS
_OWN_FALL = 0.25
Lives = dict[int, Life]


class Happening(msgspec.Struct, frozen=True):
    """A change of an alert with what it rests on; `opened_at` is the episode's opening (ms), `account` a number."""

    fingerprint: str
    subject: Subject
    account: int | None
    change: Change
    opened_at: int
    evidence: Evidence
    sentence: str


class Scene(NamedTuple):
    """What a day's alerts are judged among."""

    world: World
    activity: Activity
    segments: Segments
    day: int


def open_segments(
    scene: Scene,
    lives: Lives,
    state: DropState,
    verdicts: Verdicts,
    breadth: tuple[Ints, Ints, Bools],
    detector: BehaviorDropped,
) -> Iterator[Happening]:
    """What the day does to the alerts on segments; `breadth` as Segments.breadth gives it."""
    members, fallen, wide = breadth
    crossing = set(state.keys[verdicts.crosses & wide].tolist())
    for key in sorted(crossing | lives.keys()):
        before, name = lives.get(key), scene.segments.names.get(key)
        if name is None or (before is None and key != 0 and 0 in lives):
            continue
        at = int(np.searchsorted(state.keys, key))
        subject = Subject(kind=AlertKind.SEGMENT_DROPPED, segment=name, behavior=ALL)
        now = closing(scene.world, None, scene.day)
        mark, changes = _live(scene.world, lives, key, subject, now, _sighting(verdicts, at, key in crossing))
        if changes:
            who = Account(0, name, name, name)
            finding = Finding(detector.case(state, at), *_strength(verdicts, at), (detector.name, detector.version))
            keys = scene.segments.members(key)
            evidence = evidence_of(scene.world, scene.activity, who, keys, ALL, finding)
            counted = {"accounts": int(members[at]), "accounts_below": int(fallen[at])}
            evidence = msgspec.structs.replace(evidence, extra=evidence.extra | counted)
            opened, sentence = before.opened_at if before else now, segment_sentence(evidence)
            yield from (Happening(mark, subject, None, c, opened, evidence, sentence) for c in changes)


def open_accounts(
    scene: Scene,
    lives: Lives,
    state: DropState,
    verdicts: Verdicts,
    inhibiting: Mapping[int, Life],
    detector: BehaviorDropped,
) -> Iterator[Happening]:
    """What the day does to the alerts on accounts and their behaviors; `inhibiting` are the segments' open ones."""
    world = scene.world
    crossing = set(state.keys[verdicts.crosses].tolist())
    for key in sorted(crossing | lives.keys(), key=lambda key: (int(behavior_of(key)) != ALL_NUMBER, key)):
        before, who = lives.get(key), world.accounts.get(int(account_of(key)))
        behavior = world.behaviors.get(int(behavior_of(key)))
        if who is None or behavior is None:
            continue
        now = closing(world, who.number, scene.day)
        at = int(np.searchsorted(state.keys, key))
        shared = verdicts.ratio[at] >= _OWN_FALL and _is_segments(inhibiting, who, now)
        if before is None and (shared or _is_behaviors(lives, key)):
            continue
        subject = Subject(kind=AlertKind.BEHAVIOR_DROPPED, account=who.account, behavior=behavior)
        mark, changes = _live(world, lives, key, subject, now, _sighting(verdicts, at, key in crossing))
        if changes:
            finding = Finding(detector.case(state, at), *_strength(verdicts, at), (detector.name, detector.version))
            evidence = evidence_of(world, scene.activity, who, [key], behavior, finding)
            opened, sentence = before.opened_at if before else now, account_sentence(who, evidence)
            yield from (Happening(mark, subject, who.number, c, opened, evidence, sentence) for c in changes)


def closing(world: World, account: int | None, day: int) -> int:
    """When a day was over for an account (None, or one no longer known: for the workspace): ms."""
    known = world.accounts.get(account) if account is not None else None
    return day_start(known.time_zone if known else world.time_zone, day_of(day + 1))


def _live(
    world: World, lives: Lives, key: int, subject: Subject, now: int, sighting: Sighting | None
) -> tuple[str, list[Change]]:
    mark = fingerprint(world.workspace, subject)
    after, changes = alerting.transition(lives.pop(key, None), sighting, now, mark)
    if after is not None:
        lives[key] = after
    return mark, changes


def _is_behaviors(lives: Lives, key: int) -> bool:
    return int(behavior_of(key)) != ALL_NUMBER and (int(account_of(key)) << 32 | ALL_NUMBER) in lives


def _is_segments(inhibiting: Mapping[int, Life], who: Account, now: int) -> bool:
    found = (inhibiting.get(key) for key in (0, key_of(who.segment)))
    return any(life is not None and now - life.opened_at < _ABSORBS for life in found)


def _sighting(verdicts: Verdicts, at: int, crosses: bool) -> Sighting | None:
    return Sighting(*_strength(verdicts, at), float(verdicts.ratio[at])) if crosses else None


def _strength(verdicts: Verdicts, at: int) -> tuple[float, float]:
    return float(verdicts.score[at]), float(verdicts.threshold[at])

"""From verdicts to alerts: what a day's verdicts do to the open episodes of one kind."""

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from schemas.alerts import Evidence, Subject, fingerprint
from schemas.rules import Mode, Rule
from streams import alerting
from streams.alerting import Change, Sighting
from streams.detectors.base import Verdicts
from streams.evaluating.activity import behavior_of
from streams.evaluating.kinds.base import Kind, Scene
from streams.evidence import Finding


class Terms(NamedTuple):
    """On what terms a kind is looked for: its rule, the name of the rules, and the budget of all kinds."""

    rule: Rule
    rules: str
    budget: float


class Happening(msgspec.Struct, frozen=True):
    """A change of an alert with what it rests on; `opened_at` is the episode's opening (ms), owners are numbers.

    `shadow`: its kind is on trial, and nobody is told.
    """

    fingerprint: str
    subject: Subject
    account: int | None
    user: int | None
    change: Change
    opened_at: int
    evidence: Evidence
    sentence: str
    shadow: bool = False


def open_alerts(kind: Kind, scene: Scene, terms: Terms, *, only_new: bool = False) -> Iterator[Happening]:
    """What the day does to the alerts of one kind: first those on all of something, then those on its parts."""
    off = terms.rule.mode == Mode.OFF
    verdicts, lives = scene.verdicts[kind.detector.name], scene.lives[kind.detector.name]
    crossing = set() if off else set(verdicts.keys[kind.crossing(scene)].tolist())
    concerned = crossing - lives.keys() if only_new else crossing | lives.keys()
    for key in sorted(concerned, key=lambda key: (behavior_of(key) != 0, key)):
        subject = kind.subject(scene, key)
        over = _over(kind, scene, key, terms) if key in lives else ""
        known = over or kind.knows(scene, key)
        if subject is None or not known or (key not in lives and kind.held(scene, key)):
            continue
        sighting = _sighting(verdicts, key) if key in crossing else None
        yield from _live(kind, scene, key, subject, sighting, terms, over)


def _over(kind: Kind, scene: Scene, key: int, terms: Terms) -> str:
    """Why an open episode ends whatever the day says; empty where it does not."""
    who = scene.world.accounts.get(kind.account(key) or 0)
    if who is not None and who.left:
        return "the customer has left"
    return "the rules no longer look for it" if terms.rule.mode == Mode.OFF else ""


def _live(
    kind: Kind, scene: Scene, key: int, subject: Subject, sighting: Sighting | None, terms: Terms, over: str
) -> Iterator[Happening]:
    """One episode's day; `over` says why it is its last."""
    lives, account, rule = scene.lives[kind.detector.name], kind.account(key), terms.rule
    now = kind.moment(scene, key)
    before = lives.pop(key, None)
    mark = before.fingerprint if before else fingerprint(scene.world.workspace, subject)
    if before and over:
        after, changes = None, alerting.end(before, now, over)
    else:
        after, changes = alerting.transition(before, sighting, now, mark, rule)
    if after is not None:
        lives[key] = after
    if changes:
        evidence = kind.evidence(scene, key, _finding(kind, scene, key))
        evidence = msgspec.structs.replace(evidence, rules=terms.rules, budget=terms.budget)
        opened, sentence = before.opened_at if before else now, kind.sentence(scene, key, evidence)
        of, shadow = (mark, subject, account, kind.user(key)), rule.mode == Mode.SHADOW
        yield from (Happening(*of, change, opened, evidence, sentence, shadow) for change in changes)


def _finding(kind: Kind, scene: Scene, key: int) -> Finding:
    detector, verdicts = kind.detector, scene.verdicts[kind.detector.name]
    at = verdicts.at(key)
    state, score, threshold = scene.states[detector.name], float(verdicts.score[at]), float(verdicts.threshold[at])
    rule = detector.name, detector.version
    return Finding(detector.case(state, at), score, threshold, rule, kind.history(state, key))


def _sighting(verdicts: Verdicts, key: int) -> Sighting:
    at = verdicts.at(key)
    return Sighting(float(verdicts.score[at]), float(verdicts.threshold[at]), float(verdicts.ratio[at]))

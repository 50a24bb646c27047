"""From verdicts to alerts: what a day's verdicts do to the open episodes of one kind."""

from collections.abc import Iterator

import msgspec

from schemas.alerts import Evidence, Subject, fingerprint
from streams import alerting
from streams.alerting import Change, Sighting
from streams.detectors.base import Verdicts
from streams.evaluating.activity import behavior_of
from streams.evaluating.kinds.base import Kind, Scene
from streams.evidence import Finding


class Happening(msgspec.Struct, frozen=True):
    """A change of an alert with what it rests on; `opened_at` is the episode's opening (ms), owners are numbers."""

    fingerprint: str
    subject: Subject
    account: int | None
    user: int | None
    change: Change
    opened_at: int
    evidence: Evidence
    sentence: str


def open_alerts(kind: Kind, scene: Scene, *, only_new: bool = False) -> Iterator[Happening]:
    """What the day does to the alerts of one kind: first those on all of something, then those on its parts."""
    verdicts, lives = scene.verdicts[kind.detector.name], scene.lives[kind.detector.name]
    crossing = set(verdicts.keys[kind.crossing(scene)].tolist())
    concerned = crossing - lives.keys() if only_new else crossing | lives.keys()
    for key in sorted(concerned, key=lambda key: (int(behavior_of(key)) != 0, key)):
        subject = kind.subject(scene, key)
        if subject is None or not kind.knows(scene, key) or (key not in lives and kind.held(scene, key)):
            continue
        yield from _live(kind, scene, key, subject, _sighting(verdicts, key) if key in crossing else None)


def _live(kind: Kind, scene: Scene, key: int, subject: Subject, sighting: Sighting | None) -> Iterator[Happening]:
    """One episode's day."""
    lives, account = scene.lives[kind.detector.name], kind.account(key)
    now = kind.moment(scene, key)
    before, mark = lives.pop(key, None), fingerprint(scene.world.workspace, subject)
    after, changes = alerting.transition(before, sighting, now, mark, kind.rules)
    if after is not None:
        lives[key] = after
    if changes:
        evidence = kind.evidence(scene, key, _finding(kind, scene, key))
        opened, sentence = before.opened_at if before else now, kind.sentence(scene, key, evidence)
        yield from (Happening(mark, subject, account, kind.user(key), c, opened, evidence, sentence) for c in changes)


def _finding(kind: Kind, scene: Scene, key: int) -> Finding:
    detector, verdicts = kind.detector, scene.verdicts[kind.detector.name]
    at = verdicts.at(key)
    case, score, threshold = detector.case(scene.states[detector.name], at), verdicts.score[at], verdicts.threshold[at]
    return Finding(case, float(score), float(threshold), (detector.name, detector.version))


def _sighting(verdicts: Verdicts, key: int) -> Sighting:
    at = verdicts.at(key)
    return Sighting(float(verdicts.score[at]), float(verdicts.threshold[at]), float(verdicts.ratio[at]))

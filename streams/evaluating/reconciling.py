"""What an evaluation found against what is stored of the same stretch: kept, revised, retracted or new. Pure."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import msgspec

from schemas.alerts import AlertState, Origin, Transition
from schemas.clock import to_datetime
from schemas.days import day_start
from schemas.lives import OVER, AlertRecord, TransitionRecord, step_of
from streams.alerting import Life
from streams.evaluating.opening import Happening
from streams.evaluating.world import World

_CLAIMS = (Transition.FIRED, Transition.WORSENED, Transition.RELAPSED)
_LATE = {
    AlertState.FIRING: (Transition.RELAPSED, "late data speaks for it again"),
    AlertState.RECOVERING: (Transition.RECOVERING, "late data dates its recovery anew"),
    AlertState.RESOLVED: (Transition.RESOLVED, "late data ends it again"),
}
Revision = tuple[AlertRecord, list[TransitionRecord]]


class Stretch(msgspec.Struct, frozen=True):
    """What was evaluated: what happened in it, what is open at its end, and its end (ms).

    `boundary(account)` is the moment (ms) after which it lies for an account; `origin(opened_at)` that of an alert;
    `hushed(alert)` is a new alert with what silences or inhibits it.
    """

    happenings: Sequence[Happening]
    lives: Sequence[Life]
    moment: int
    boundary: Callable[[int | None], int]
    origin: Callable[[int], Origin]
    hushed: Callable[[AlertRecord], AlertRecord] = lambda alert: alert


def reconcile(
    world: World, stretch: Stretch, alerts: Sequence[AlertRecord], steps: Sequence[TransitionRecord]
) -> list[Revision]:
    """The alerts that change, as they are to stand, and their new steps; sequences go on from what is stored."""
    stored = {alert.episode: alert for alert in alerts}
    after: dict[str, list[TransitionRecord]] = {}
    for step in steps:
        after.setdefault(step.episode, []).append(step)
    found: dict[str, list[Happening]] = {}
    for happening in stretch.happenings:
        found.setdefault(happening.change.episode, []).append(happening)
    states = {life.episode: life.state for life in stretch.lives}
    revisions = [
        _revised(world, stretch, stored.get(name), after.get(name, []), mine, states.get(name, AlertState.RESOLVED))
        for name, mine in found.items()
    ]
    again = {happening.fingerprint for happening in stretch.happenings}
    for alert in alerts:
        if alert.episode not in found:
            mine = [step for step in after.get(alert.episode, []) if _within(stretch, alert, step)]
            revisions += _missing(stretch, alert, mine, states.get(alert.episode), alert.fingerprint in again)
    return [(alert, new) for alert, new in revisions if new or alert != stored.get(alert.episode)]


def _within(stretch: Stretch, alert: AlertRecord, step: TransitionRecord) -> bool:
    return step.at > to_datetime(stretch.boundary(alert.account))


def _revised(
    world: World,
    stretch: Stretch,
    stored: AlertRecord | None,
    steps: list[TransitionRecord],
    mine: list[Happening],
    state: AlertState,
) -> Revision:
    known = {(step.transition, step.at) for step in steps}
    alert, new = _record(world, stretch, stored, mine), list[TransitionRecord]()
    alert = alert if stored else stretch.hushed(alert)
    for happening in mine:
        change, evidence = happening.change, msgspec.to_builtins(happening.evidence)
        at = to_datetime(change.at)
        if (change.transition, at) not in known:
            alert, step = step_of(alert, change.transition, at, change.reason, evidence=evidence)
            new.append(step)
    if alert.condition != state:
        what, reason = _LATE[state]
        alert, step = step_of(alert, what, to_datetime(stretch.moment), reason, evidence=alert.evidence)
        new.append(step)
    return alert, new


def _record(world: World, stretch: Stretch, stored: AlertRecord | None, mine: list[Happening]) -> AlertRecord:
    """The alert with what it claims now, before its new steps."""
    last, (sentence, evidence) = mine[-1], _claim(stored, mine)
    if stored:
        return msgspec.structs.replace(stored, sentence=sentence, evidence=evidence)
    owner = None if last.account is None else world.accounts[last.account]
    zone = owner.time_zone if owner else world.time_zone
    return AlertRecord(
        episode=last.change.episode,
        fingerprint=last.fingerprint,
        kind=last.subject.kind,
        account=last.account,
        segment=last.subject.segment,
        user=last.user,
        behavior=last.subject.behavior,
        origin=_origin(stretch, last),
        onset=to_datetime(day_start(zone, date.fromisoformat(mine[0].evidence.since))),
        fired_at=to_datetime(mine[0].change.at),
        sentence=sentence,
        evidence=evidence,
    )


def _origin(stretch: Stretch, last: Happening) -> str:
    """An alert keeps the origin it opens with: what began on trial is told to nobody later."""
    return Origin.SHADOW if last.shadow else stretch.origin(last.opened_at)


def _claim(stored: AlertRecord | None, mine: list[Happening]) -> tuple[str, dict[str, Any]]:
    """What the alert says: its last claim, not what its recovery looked like (that stands in its steps)."""
    claims = [happening for happening in mine if happening.change.transition in _CLAIMS]
    if stored and not claims:
        return stored.sentence, stored.evidence
    said = (claims or mine)[-1]
    return said.sentence, msgspec.to_builtins(said.evidence)


def _missing(
    stretch: Stretch, alert: AlertRecord, steps: list[TransitionRecord], state: AlertState | None, again: bool
) -> list[Revision]:
    """A stored alert of which nothing was found: retracted when it opened in the stretch, else as it was before it.

    `again`: of the same subject something was found, which opened at another moment.
    """
    if alert.fired_at > to_datetime(stretch.boundary(alert.account)):
        if alert.condition == AlertState.RETRACTED:
            return []
        return [_late(stretch, alert, Transition.RETRACTED, _DATED if again else _UNDONE)]
    if state is None or not steps or alert.condition not in OVER:
        return []
    return [_late(stretch, alert, _LATE[state][0], "late data undid its recovery")]


_DATED, _UNDONE = "late data dates it anew", "late data undid what it claimed"


def _late(stretch: Stretch, alert: AlertRecord, what: Transition, reason: str) -> Revision:
    after, step = step_of(alert, what, to_datetime(stretch.moment), reason, evidence=alert.evidence)
    return after, [step]

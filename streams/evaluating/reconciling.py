"""What an evaluation found against what is stored of the same stretch: kept, revised, retracted or new. Pure."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import msgspec

from schemas.alerts import AlertRecord, AlertState, Origin, Transition, TransitionRecord
from schemas.clock import to_datetime
from schemas.days import day_start
from streams.alerting import Life
from streams.evaluating.opening import Happening
from streams.evaluating.world import World

_CLAIMS = (Transition.FIRED, Transition.WORSENED, Transition.RELAPSED)
_PEOPLES = (AlertState.ACKNOWLEDGED, AlertState.SNOOZED)
Revision = tuple[AlertRecord, list[TransitionRecord]]


class Stretch(msgspec.Struct, frozen=True):
    """What was evaluated: what happened in it, what is open at its end, and its end (ms).

    `boundary(account)` is the moment (ms) after which it lies for an account; `origin(opened_at)` that of an alert.
    """

    happenings: Sequence[Happening]
    lives: Sequence[Life]
    moment: int
    boundary: Callable[[int | None], int]
    origin: Callable[[int], Origin]


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
    told = {(step.transition, step.at) for step in steps}
    sequence = stored.sequence if stored else 0
    new: list[TransitionRecord] = []
    for happening in mine:
        change = happening.change
        if (change.transition, to_datetime(change.at)) not in told:
            new.append(_step(happening, sequence := sequence + 1))
    if stored and not new and stored.state in (AlertState.RESOLVED, AlertState.RETRACTED) and stored.state != state:
        again = _after(stored, Transition.RELAPSED, stretch.moment, "late data speaks for it again")
        new.append(again)
        sequence = again.sequence
    last = mine[-1]
    resolved = last.change.at if last.change.transition == Transition.RESOLVED else None
    keeps = stored is not None and stored.state in _PEOPLES and state in (AlertState.FIRING, AlertState.RECOVERING)
    owner = None if last.account is None else world.accounts[last.account]
    zone = owner.time_zone if owner else world.time_zone
    sentence, evidence = _claim(stored, mine)
    record = AlertRecord(
        episode=last.change.episode,
        fingerprint=last.fingerprint,
        kind=last.subject.kind,
        account=last.account,
        segment=last.subject.segment,
        user=last.user,
        behavior=last.subject.behavior,
        state=stored.state if stored and keeps else state,
        origin=_origin(stretch, stored, last),
        onset=to_datetime(day_start(zone, date.fromisoformat(mine[0].evidence.since))) if not stored else stored.onset,
        fired_at=stored.fired_at if stored else to_datetime(mine[0].change.at),
        resolved_at=None if resolved is None else to_datetime(resolved),
        sequence=sequence,
        sentence=sentence,
        evidence=evidence,
    )
    return record, new


def _origin(stretch: Stretch, stored: AlertRecord | None, last: Happening) -> str:
    """An alert keeps the origin it opened with: what began on trial is told to nobody later."""
    if stored:
        return stored.origin
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
        if alert.state == AlertState.RETRACTED:
            return []
        reason = "late data dates it anew" if again else "late data undid what it claimed"
        step = _after(alert, Transition.RETRACTED, stretch.moment, reason)
        return [(_as(alert, step, AlertState.RETRACTED), [step])]
    if state is None or not steps or alert.state not in (AlertState.RESOLVED, AlertState.RETRACTED):
        return []
    step = _after(alert, Transition.RELAPSED, stretch.moment, "late data undid its recovery")
    return [(_as(alert, step, state), [step])]


def _step(happening: Happening, sequence: int) -> TransitionRecord:
    change = happening.change
    return TransitionRecord(
        episode=change.episode,
        sequence=sequence,
        transition=change.transition,
        at=to_datetime(change.at),
        reason=change.reason,
        evidence=msgspec.to_builtins(happening.evidence),
    )


def _after(alert: AlertRecord, what: Transition, moment: int, reason: str) -> TransitionRecord:
    return TransitionRecord(
        episode=alert.episode,
        sequence=alert.sequence + 1,
        transition=what,
        at=to_datetime(moment),
        reason=reason,
        evidence=alert.evidence,
    )


def _as(alert: AlertRecord, step: TransitionRecord, state: AlertState) -> AlertRecord:
    return msgspec.structs.replace(alert, state=state, sequence=step.sequence, resolved_at=None)

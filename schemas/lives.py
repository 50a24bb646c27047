"""How detection's steps and people's compose into one life of an alert, and what its receivers are told. Pure.

Detection says what is so (the condition); people say what they do about it (the handling); receivers are told only
what changes what they believe. So an alert that flaps speaks once, one that was acknowledged is quiet and still
resolves, and a resolved follows every firing that was sent.

>>> at = datetime(2026, 3, 9)
>>> fired, told = take(Standing(), Transition.FIRED, at)
>>> calm, _ = take(fired, Transition.ACKNOWLEDGED, at)
>>> worse, told_of_worse = take(calm, Transition.WORSENED, at)
>>> over, told_of_end = take(worse, Transition.RESOLVED, at)
>>> [one.state.value for one in (fired, calm, worse, over)], told, told_of_worse, told_of_end, over.sequence
(['firing', 'acknowledged', 'acknowledged', 'resolved'], True, False, True, 4)
"""

from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from schemas.alerts import AlertState, Origin, Transition
from schemas.errors import ConflictError

OVER = (AlertState.RESOLVED, AlertState.RETRACTED)
DETECTIONS = tuple(Transition)[:6]
BY_US = "ebbtide"


class Belief(StrEnum):
    """What receivers believe of an alert: nothing; that it burns; open, but not how it stands now; that it is over."""

    NOTHING = "nothing"
    OPEN = "open"
    AT_REST = "at rest"
    OVER = "over"


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Where an alert stands.

    Attributes:
        sequence: How many steps it has taken.
        condition: What detection says: firing, recovering, resolved or retracted; pending before its first step.
        handling: What people said: acknowledged, snoozed or resolved; None: nothing that still holds.
        snoozed_until: The end of a snooze; None with `handling` snoozed: until it gets worse.
        belief: What receivers believe.
        resolved_at: Since when it is resolved, by detection or by people.
    """

    sequence: int = 0
    condition: AlertState = AlertState.PENDING
    handling: AlertState | None = None
    snoozed_until: datetime | None = None
    belief: Belief = Belief.NOTHING
    resolved_at: datetime | None = None

    @property
    def state(self) -> AlertState:
        """What is shown: the end as detection says it, else what people said, else what detection says."""
        return _shown(self.condition, self.handling)


Stands = TypeVar("Stands", bound=Standing)

_SAYS = {
    Transition.FIRED: AlertState.FIRING,
    Transition.WORSENED: AlertState.FIRING,
    Transition.RELAPSED: AlertState.FIRING,
    Transition.RECOVERING: AlertState.RECOVERING,
    Transition.RESOLVED: AlertState.RESOLVED,
    Transition.RETRACTED: AlertState.RETRACTED,
}
_HANDLES = {
    Transition.ACKNOWLEDGED: AlertState.ACKNOWLEDGED,
    Transition.SNOOZED: AlertState.SNOOZED,
    Transition.CLOSED: AlertState.RESOLVED,
}
_LETS_GO = (Transition.AWOKE, Transition.REOPENED, Transition.RESOLVED, Transition.RETRACTED)
_HEARD = {AlertState.FIRING: Belief.OPEN, AlertState.RESOLVED: Belief.OVER}
_OPEN = (AlertState.FIRING, AlertState.RECOVERING, AlertState.ACKNOWLEDGED, AlertState.SNOOZED)
_HANDLED = (AlertState.ACKNOWLEDGED, AlertState.SNOOZED, AlertState.RESOLVED)
# In which states people may take a step; steps that are not here are always legal.
_LEGAL = {
    Transition.ACKNOWLEDGED: tuple(state for state in _OPEN if state != AlertState.ACKNOWLEDGED),
    Transition.SNOOZED: _OPEN,
    Transition.CLOSED: _OPEN,
    Transition.REOPENED: _HANDLED,
    Transition.AWOKE: (AlertState.SNOOZED,),
}
_AWARE = (Belief.OPEN, Belief.AT_REST)
# What is always said, and what is said only to receivers who do not know that it is open.
_NEWS = (Transition.WORSENED, Transition.AWOKE, Transition.REOPENED)
_AGAIN = (Transition.FIRED, Transition.RELAPSED, Transition.UNMUTED)


def take(
    standing: Stands, step: Transition, at: datetime, *, until: datetime | None = None, muted: bool = False
) -> tuple[Stands, bool]:
    """Where an alert stands after a step, and whether its receivers are told of it.

    Args:
        standing: Where it stood; the answer is of the same type.
        step: What happened.
        at: When.
        until: How long a snooze lasts; None: until it gets worse.
        muted: Whether it is silenced: then nothing that it starts to say is told, but what receivers heard is ended.

    Raises:
        ConflictError: People can't take this step here; nothing changed.
    """
    refuse(standing, step)
    handling, snoozed_until = _handling(standing, step, until)
    condition = _SAYS.get(step, standing.condition)
    state = _shown(condition, handling)
    told = _tells(standing.belief, step, state, muted=muted)
    after = replace(
        standing,
        sequence=standing.sequence + 1,
        condition=condition,
        handling=handling,
        snoozed_until=snoozed_until,
        belief=_belief(standing.belief, step, state, told=told),
        resolved_at=_resolved_at(standing, step, state, at),
    )
    return after, told


def refuse(standing: Standing, step: Transition) -> None:
    """Raises ConflictError where people can't take a step."""
    legal = step not in _LEGAL or standing.state in _LEGAL[step]
    if step == Transition.REOPENED and standing.condition in OVER:
        legal = False  # nobody closed it: what was seen is over
    if not legal:
        raise ConflictError(f"The alert is {standing.state} now and can't be {step}; nothing was changed.")


def _shown(condition: AlertState, handling: AlertState | None) -> AlertState:
    return condition if condition in OVER or handling is None else handling


def _handling(before: Standing, step: Transition, until: datetime | None) -> tuple[AlertState | None, datetime | None]:
    """What people said, as it holds after a step."""
    if step in _HANDLES:
        return _HANDLES[step], until
    return (None, None) if _lets_go(before, step) else (before.handling, before.snoozed_until)


def _lets_go(before: Standing, step: Transition) -> bool:
    if step in _LETS_GO:
        return True
    if before.handling == AlertState.SNOOZED and before.snoozed_until is None:
        return step == Transition.WORSENED
    return before.handling == AlertState.RESOLVED and step in (Transition.WORSENED, Transition.RELAPSED)


def _tells(belief: Belief, step: Transition, state: AlertState, *, muted: bool) -> bool:
    if step == Transition.RETRACTED:
        return belief != Belief.NOTHING
    if step == Transition.RESOLVED or step in _HANDLES:
        return belief in _AWARE
    speaks = step in _NEWS or (step in _AGAIN and belief != Belief.OPEN)
    return speaks and state == AlertState.FIRING and not muted


def _belief(before: Belief, step: Transition, state: AlertState, *, told: bool) -> Belief:
    if step == Transition.RETRACTED:
        return Belief.NOTHING
    if told:
        return _HEARD.get(state, Belief.AT_REST)
    missed = before == Belief.OPEN and step in _NEWS
    return Belief.AT_REST if missed else before


def _resolved_at(before: Standing, step: Transition, state: AlertState, at: datetime) -> datetime | None:
    if state != AlertState.RESOLVED:
        return None
    return at if step in (Transition.RESOLVED, Transition.CLOSED) else before.resolved_at


class AlertRecord(Standing, frozen=True, kw_only=True):
    """An alert as it is stored; `account` and `user` are numbers.

    `deferred`: its CSM's budget of the week was spent when it fired, and it waits for the digest.
    """

    episode: str
    fingerprint: str
    kind: str
    account: int | None = None
    segment: str | None = None
    user: int | None = None
    behavior: str | None = None
    origin: str
    onset: datetime
    fired_at: datetime
    assignee: str | None = None
    silenced_by: str | None = None
    inhibited_by: str | None = None
    deferred: bool = False
    csm: str | None = None
    priority: float = 0.0
    priority_parts: list[dict[str, Any]] = []
    sentence: str
    evidence: dict[str, Any]

    @property
    def muted(self) -> bool:
        """Whether nobody is notified of it: it is silenced, inhibited, left for the digest, of the past or on trial."""
        hushed = self.silenced_by is not None or self.inhibited_by is not None or self.deferred
        return hushed or self.origin != Origin.LIVE


class TransitionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One step of an alert's life as it is stored; `sequence` counts an episode's steps from 1."""

    episode: str
    sequence: int
    transition: Transition
    at: datetime
    actor: str = BY_US
    reason: str
    told: bool
    evidence: dict[str, Any] = {}


def step_of(
    alert: AlertRecord,
    step: Transition,
    at: datetime,
    reason: str,
    *,
    actor: str = BY_US,
    until: datetime | None = None,
    evidence: dict[str, Any] | None = None,
) -> tuple[AlertRecord, TransitionRecord]:
    """An alert after a step, and the step as it is stored; see `take`."""
    after, told = take(alert, step, at, until=until, muted=alert.muted)
    return after, TransitionRecord(
        episode=alert.episode,
        sequence=after.sequence,
        transition=step,
        at=at,
        actor=actor,
        reason=reason,
        told=told,
        evidence=evidence or {},
    )


def defer(alert: AlertRecord, steps: list[TransitionRecord]) -> tuple[AlertRecord, list[TransitionRecord]]:
    """A new alert and its steps as they are when it is left for the digest: the same life, told to nobody."""
    kept = {name: getattr(alert, name) for name in AlertRecord.__struct_fields__ if name not in _STANDING}
    after, untold = AlertRecord(**kept | {"deferred": True}), list[TransitionRecord]()
    for step in steps:
        after, one = step_of(after, step.transition, step.at, step.reason, evidence=step.evidence)
        untold.append(one)
    return after, untold


_STANDING = Standing.__struct_fields__

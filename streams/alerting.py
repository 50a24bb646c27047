"""The life of an alert, decided purely: pending → firing → recovering → resolved, and what receivers are told of it.

An alert opens on the first crossing (`confirm` days of it, if more are asked for), recovers on the first day below, and
is resolved after 7 days below, not sooner than 14 days after it opened: until then a new crossing is the same episode.
Acknowledging and snoozing are people's; they live beside this machine and don't change it.

>>> life, changes = transition(None, Sighting(score=3.1, threshold=2.7, ratio=0.2), 0, "ab")
>>> life.state, [change.transition for change in changes]
(<AlertState.FIRING: 'firing'>, [<Transition.FIRED: 'fired'>])
"""

import msgspec

from schemas.alerts import AlertState, Transition, episode
from schemas.clock import DAY_MS
from schemas.rules import Times


class Sighting(msgspec.Struct, frozen=True):
    """A crossing, as the machine sees it; `ratio` is observed / expected."""

    score: float
    threshold: float
    ratio: float


class Life(msgspec.Struct, frozen=True):
    """One episode so far. Moments are ms; `told_ratio` is what receivers heard last."""

    fingerprint: str
    episode: str
    state: AlertState
    opened_at: int
    sequence: int
    told_at: int
    told_ratio: float
    seen: int = 1
    below_since: int | None = None


class Change(msgspec.Struct, frozen=True):
    """One step of an episode, at an event-time moment (ms)."""

    episode: str
    transition: Transition
    state: AlertState
    sequence: int
    at: int
    reason: str


USUAL = Times()
Outcome = tuple[Life | None, list[Change]]


def transition(previous: Life | None, sighting: Sighting | None, now: int, of: str, times: Times = USUAL) -> Outcome:
    """What becomes of a subject's episode at `now`; `of` is its fingerprint. None after: nothing is open."""
    if previous is None:
        return (None, []) if sighting is None else _open(sighting, now, of, times)
    if previous.state == AlertState.PENDING:
        return (None, []) if sighting is None else _confirm(previous, sighting, now, times)
    return _below(previous, now, times) if sighting is None else _above(previous, sighting, now, times)


def end(life: Life, now: int, reason: str) -> list[Change]:
    """What receivers are told where an episode ends because nobody looks for such any more."""
    return (
        []
        if life.state == AlertState.PENDING
        else _told(life, Transition.RESOLVED, AlertState.RESOLVED, now, reason)[1]
    )


def _open(sighting: Sighting, now: int, of: str, times: Times) -> Outcome:
    life = Life(of, episode(of, now), AlertState.PENDING, now, 0, now, sighting.ratio)
    return (life, []) if times.confirm > 1 else _fire(life, sighting, now)


def _confirm(life: Life, sighting: Sighting, now: int, times: Times) -> Outcome:
    life = msgspec.structs.replace(life, seen=life.seen + 1)
    return _fire(life, sighting, now) if life.seen >= times.confirm else (life, [])


def _fire(life: Life, sighting: Sighting, now: int) -> Outcome:
    life = msgspec.structs.replace(life, told_at=now, told_ratio=sighting.ratio)
    reason = f"score {sighting.score:.2f} reached {sighting.threshold:.2f}"
    return _told(life, Transition.FIRED, AlertState.FIRING, now, reason)


def _above(life: Life, sighting: Sighting, now: int, times: Times) -> Outcome:
    if life.state == AlertState.RECOVERING:
        life = msgspec.structs.replace(life, below_since=None)
        return _told(life, Transition.RELAPSED, AlertState.FIRING, now, "it fell again before it had recovered")
    worse = life.told_ratio - sighting.ratio >= times.worse
    if worse and now - life.told_at >= times.told_again * DAY_MS:
        reason = f"from {life.told_ratio:.0%} of what was expected to {sighting.ratio:.0%}"
        life = msgspec.structs.replace(life, told_at=now, told_ratio=sighting.ratio)
        return _told(life, Transition.WORSENED, AlertState.FIRING, now, reason)
    return life, []


def _below(life: Life, now: int, times: Times) -> Outcome:
    if life.below_since is None:
        life = msgspec.structs.replace(life, below_since=now)
        return _told(life, Transition.RECOVERING, AlertState.RECOVERING, now, "first day below the threshold")
    rested = now - life.below_since >= (times.quiet - 1) * DAY_MS and now - life.opened_at >= times.spaced * DAY_MS
    if not rested:
        return life, []
    days = (now - life.below_since) // DAY_MS + 1
    _, changes = _told(life, Transition.RESOLVED, AlertState.RESOLVED, now, f"below the threshold for {days} days")
    return None, changes


def _told(life: Life, what: Transition, state: AlertState, now: int, reason: str) -> Outcome:
    life = msgspec.structs.replace(life, state=state, sequence=life.sequence + 1)
    return life, [Change(life.episode, what, state, life.sequence, now, reason)]

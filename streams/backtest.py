"""Backtest: what would have been told, had the product run over recorded events; the same fold as live.

Every alert says what it would have said on the day it fired, from what was known by then. Against outcomes: a customer
who churned (or contracted) counts as flagged when an alert on it fired within the 180 days before it decided, and an
alert as right when its account decided so within 180 days after it.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from statistics import median
from typing import Any, NamedTuple

import msgspec

from schemas.alerts import Evidence, Transition
from schemas.calibrations import Meaning
from schemas.clock import DAY_MS, to_datetime
from streams.calendar import day_number
from streams.evaluating import folding, injecting, loading
from streams.evaluating.folding import Detection, Progress
from streams.evaluating.meaning import judged, meaning, sampled
from streams.evaluating.opening import Happening
from streams.evaluating.recording import Recording
from streams.evaluating.world import World

HORIZON = 180
LOST = ("churned", "contracted")
Told = Callable[[int, int], None]


class Alert(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One episode, as it was told when it fired; moments are ISO 8601 in UTC. A segment's has no `account`.

    `shadow`: its kind is on trial, and nobody would have been told.
    """

    kind: str
    account: str | None = None
    segment: str | None = None
    user: str | None = None
    behavior: str | None = None
    shadow: bool = False
    fired_at: str
    resolved_at: str | None = None
    sentence: str
    evidence: Evidence


class Outcome(msgspec.Struct, frozen=True):
    """What an account decided, and on which day."""

    account: str
    outcome: str
    date: date


class Warned(msgspec.Struct, frozen=True):
    """Alerts against outcomes: `days` of warning by lost account that was flagged; `false` alerts of `alerts`."""

    lost: int
    days: Sequence[int]
    alerts: int
    false: int

    @property
    def recall(self) -> float:
        """The share of lost accounts that were flagged."""
        return len(self.days) / max(self.lost, 1)

    @property
    def precision(self) -> float:
        """The share of alerts on accounts that were lost."""
        return 1 - self.false / max(self.alerts, 1)

    @property
    def warning(self) -> float | None:
        """The median of the days between an account's first alert and its decision."""
        return median(self.days) if self.days else None


class Replayed(NamedTuple):
    """What a fold over recorded days came to: who was judged, alerts in the order they fired, and the last state."""

    world: World
    alerts: list[Alert]
    end: Progress


def backtest(
    recording: Recording,
    traits: Mapping[str, Mapping[str, Any]],
    detection: Detection,
    told: Told = lambda *_: None,
) -> Replayed:
    """Folds all recorded days; `told(done, days)` hears how far it is."""
    return replay(recording, recording.world(traits), detection, told)


def replay(
    recording: Recording,
    world: World,
    detection: Detection,
    told: Told = lambda *_: None,
    until: date | None = None,
) -> Replayed:
    """The same in a world that is known already; `until` is the last day, in place of the last that is recorded."""
    begin, end = recording.span
    first = loading.first_touched(world, begin)
    last = day_number(until) if until else loading.last_closed(world, -(-end // DAY_MS) * DAY_MS)
    activity = recording.activity(world, first, last)
    happenings: list[Happening] = []
    progress = folding.begin(detection, first)
    for state, found in folding.fold(world, activity, progress, last, detection):
        happenings += found
        told(state.day - first + 1, last - first + 1)
    return Replayed(world, alerts_of(world, happenings), progress)


def means(recording: Recording, replayed: Replayed, detection: Detection) -> Meaning | None:
    """What the budget means to these accounts; None where none of them is judged."""
    world, last = replayed.world, replayed.end.day
    sample = sampled(world, judged(replayed.end.coverage or {}))
    if not sample.accounts:
        return None
    return meaning(sample, recording.activity(sample, last - injecting.DAYS + 1, last), replayed.end, detection)


def alerts_of(world: World, happenings: Sequence[Happening]) -> list[Alert]:
    """The episodes in changes of alerts, in the order they fired."""
    resolved = {h.change.episode: h.change.at for h in happenings if h.change.transition == Transition.RESOLVED}
    fired = [happening for happening in happenings if happening.change.transition == Transition.FIRED]
    found = [_alert(world, happening, resolved.get(happening.change.episode)) for happening in fired]
    return sorted(found, key=lambda alert: (alert.fired_at, alert.account or "", alert.segment or ""))


def _alert(world: World, happening: Happening, resolved: int | None) -> Alert:
    subject = happening.subject
    return Alert(
        kind=subject.kind,
        account=subject.account,
        segment=subject.segment,
        user=world.user(happening.user) if happening.user is not None else None,
        behavior=subject.behavior,
        shadow=happening.shadow,
        fired_at=to_datetime(happening.change.at).isoformat(),
        resolved_at=None if resolved is None else to_datetime(resolved).isoformat(),
        sentence=happening.sentence,
        evidence=happening.evidence,
    )


def by_kind_and_segment(world: World, alerts: Sequence[Alert]) -> Counter[tuple[str, str]]:
    """How many alerts there are of each kind on the accounts of each segment."""
    segments = {account.account: account.segment for account in world.accounts.values()}
    return Counter((alert.kind, alert.segment or segments.get(alert.account or "", "")) for alert in alerts)


def against(alerts: Sequence[Alert], outcomes: Sequence[Outcome]) -> Warned:
    """How the alerts on accounts stand against what the accounts decided."""
    lost = {one.account: day_number(one.date) for one in outcomes if one.outcome in LOST}
    fired = [(alert.account, day_number(date.fromisoformat(alert.fired_at[:10]))) for alert in alerts if alert.account]
    ahead = [(account, lost[account] - day) for account, day in fired if account in lost]
    right = [(account, days) for account, days in ahead if 0 <= days <= HORIZON]
    warning: dict[str, int] = {}
    for account, days in right:
        warning[account] = max(days, warning.get(account, 0))
    # After the decision nobody is warned any more: such an alert is neither right nor false.
    counted = len(fired) - sum(days < 0 for _, days in ahead)
    return Warned(len(lost), sorted(warning.values()), counted, counted - len(right))

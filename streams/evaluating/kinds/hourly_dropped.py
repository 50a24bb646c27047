"""behavior.dropped, seen in hours: a busy behavior of an account all but stops, and nobody waits for the day to end."""

import msgspec

from schemas.alerts import AlertKind, Evidence, Subject
from schemas.clock import HOUR_MS
from schemas.days import day_start
from schemas.windows import ALL_NUMBER
from streams.calendar import day_of
from streams.detectors.hourly_dropped import HourlyDropped, HourlyState
from streams.evaluating.activity import behavior_of
from streams.evaluating.kinds.base import Kind, Scene, closing, in_segments_fall
from streams.evidence import Finding, evidence_of
from streams.sentences import hourly_sentence

_DAYS = "behavior_dropped"


class HourlyDroppedKind(Kind):
    """Keys are accounts' behaviors, the busy ones."""

    kind = AlertKind.BEHAVIOR_DROPPED

    def __init__(self, budget: float) -> None:
        self.detector: HourlyDropped = HourlyDropped(budget)

    def history(self, state: HourlyState, key: int) -> float:  # noqa: ARG002 - the same for all
        """The years of busy keys."""
        return float(state.calibrated.years.sum())

    def subject(self, scene: Scene, key: int) -> Subject | None:
        """The account and its behavior."""
        who, behavior = scene.owner(key), scene.world.behaviors.get(behavior_of(key))
        if who is None or behavior is None:
            return None
        return Subject(kind=self.kind, account=who.account, behavior=behavior)

    def moment(self, scene: Scene, key: int) -> int:
        """The end of the hour in which it crossed, on the day it did; later the day's end."""
        who, state = scene.owner(key), scene.states[self.detector.name]
        index = scene.verdicts[self.detector.name].at(key)
        if who is None or state.watch.since[index] != 1:
            return closing(scene.world, self.account(key), scene.day.date)
        return day_start(who.time_zone, day_of(scene.day.date)) + (int(state.watch.hour[index]) + 1) * HOUR_MS

    def held(self, scene: Scene, key: int) -> bool:
        """Whether the days, all of the account's use, or its segment say it already."""
        who, behavior = scene.owner(key), behavior_of(key)
        whole = key - behavior + ALL_NUMBER
        own, days = scene.lives[self.detector.name], scene.lives[_DAYS]
        return key in days or whole in days or whole in own or (who is not None and in_segments_fall(scene, who))

    def evidence(self, scene: Scene, key: int, finding: Finding) -> Evidence:
        """Events seen and due in these hours."""
        who, behavior = scene.world.accounts[self.account(key) or 0], scene.world.behaviors[behavior_of(key)]
        found = evidence_of(scene.world, scene.activity, who, [key], behavior, finding)
        quiet = f"at least {finding.case.quiet_from:.0f} events in the same {finding.case.extra['hours']} hours"
        return msgspec.structs.replace(found, quiet_if=quiet)

    def sentence(self, scene: Scene, key: int, evidence: Evidence) -> str:
        """What came in these hours, against what was due."""
        return hourly_sentence(scene.world.accounts[self.account(key) or 0], evidence)

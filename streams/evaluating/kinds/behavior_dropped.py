"""behavior.dropped: an account does less of a behavior than before, and less than its peers.

The fall of a whole segment is the segment's, unless an account does less than a quarter of what that leaves to be
expected; an alert on all of an account's use holds back those on its behaviors, and so does one that says that it is
silent or has lost its people, where that began the fall. One fall, one alert.
"""

from dataclasses import replace

import numpy as np

from schemas.alerts import AlertKind, Evidence, Subject
from schemas.windows import ALL_NUMBER
from streams import recents
from streams.detectors.base import Bools, Day
from streams.detectors.behavior_dropped import BehaviorDropped, DropState
from streams.evaluating.activity import behavior_of
from streams.evaluating.kinds.base import (
    Calibrated,
    Kind,
    Lack,
    Scene,
    in_release_fall,
    in_segments_fall,
    told_on_account,
)
from streams.evaluating.kinds.rhythm import out_of_rhythm
from streams.evaluating.roster import Roster
from streams.evidence import Finding, evidence_of
from streams.sentences import account_sentence

_OWN_FALL = 0.25
_HOURS = "hourly_dropped"


class BehaviorDroppedKind(Kind):
    """Keys are accounts' behaviors."""

    kind = AlertKind.BEHAVIOR_DROPPED

    def __init__(self, budget: float) -> None:
        self.detector: BehaviorDropped = BehaviorDropped(budget)

    def lack(self, scene: Scene) -> Lack:
        """Users due in six weeks."""
        state: DropState = scene.states[self.detector.name]
        begun, judged_from = state.baseline.judged(self.detector.warm_up)
        return Lack(begun, judged_from, state.today.due[-1], self.detector.thin)

    def calibrated(self, state: DropState) -> Calibrated:
        """The thresholds on scan and CUSUM together."""
        return Calibrated(state.calibration, self.detector.thresholds(state))

    def history(self, state: DropState, key: int) -> float:  # noqa: ARG002 - the same for all
        """The years of keys that went as expected."""
        return float(state.calibration.years.sum())

    def subject(self, scene: Scene, key: int) -> Subject | None:
        """The account and its behavior."""
        who, behavior = scene.owner(key), scene.world.behaviors.get(behavior_of(key))
        if who is None or behavior is None:
            return None
        return Subject(kind=self.kind, account=who.account, behavior=behavior)

    def day(self, day: Day, roster: Roster) -> Day:
        """Without the behaviors of which only the adoption is declared."""
        others = [number for number, one in roster.world.adoptions.items() if not one.definition.key]
        return replace(day, paused=~day.known | np.isin(behavior_of(day.keys), others)) if others else day

    def crossing(self, scene: Scene) -> Bools:
        """Keys that crossed, but for those that are silent in their own rhythm: who comes at a month's end only."""
        return out_of_rhythm(scene, scene.verdicts[self.detector.name])

    def knows(self, scene: Scene, key: int) -> bool:
        """Whether the day says anything of the account, and of its behavior."""
        return super().knows(scene, key) and scene.knows(key)

    def held(self, scene: Scene, key: int) -> bool:
        """Whether its segment's alert says it, or one on all of the account."""
        who, verdicts = scene.owner(key), scene.verdicts[self.detector.name]
        shared = verdicts.ratio[verdicts.at(key)] >= _OWN_FALL
        behavior = behavior_of(key)
        if told_on_account(self, scene, key, "account_silent", "users_gone"):
            return True
        whole = behavior != ALL_NUMBER and key - behavior + ALL_NUMBER in scene.lives[self.detector.name]
        whole = whole or key in scene.lives[_HOURS]
        if whole or who is None or not shared:
            return whole
        return in_segments_fall(scene, who) or in_release_fall(scene, who, self.onset(scene, key))

    def onset(self, scene: Scene, key: int) -> int:
        """The day from which on the last weeks are rarest."""
        state: DropState = scene.states[self.detector.name]
        at = scene.verdicts[self.detector.name].at(key)
        return recents.onset(state.recent, state.date, at, state.today.spread[:, at])

    def evidence(self, scene: Scene, key: int, finding: Finding) -> Evidence:
        """Seen and due, who stopped, and the peers."""
        who, behavior = scene.world.accounts[self.account(key) or 0], scene.world.behaviors[behavior_of(key)]
        return evidence_of(
            scene.world, scene.activity, who, [key], behavior, finding, scene.world.in_segment(who.segment)
        )

    def sentence(self, scene: Scene, key: int, evidence: Evidence) -> str:
        """Who still uses it, against who did."""
        return account_sentence(scene.world.accounts[self.account(key) or 0], evidence)

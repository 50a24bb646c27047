"""behavior.dropped: an account does less of a behavior than before, and less than its peers.

The fall of a whole segment is the segment's, unless an account does less than a quarter of what that leaves to be
expected; an alert on all of an account's use holds back those on its behaviors, and so does one that says that it is
silent or has lost its people, where that began the fall. One fall, one alert.
"""

from schemas.alerts import AlertKind, Evidence, Subject
from schemas.windows import ALL_NUMBER
from streams.detectors.behavior_dropped import BehaviorDropped, DropState
from streams.evaluating.activity import behavior_of
from streams.evaluating.kinds.base import Calibrated, Kind, Lack, Scene, in_segments_fall, told_on_account
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
        """Days since the first user, and users due in six weeks."""
        state: DropState = scene.states[self.detector.name]
        detector = self.detector
        return Lack(state.baseline.age(state.date), state.today.due[-1], detector.warm_up, detector.thin)

    def calibrated(self, state: DropState) -> Calibrated:
        """The thresholds on scan and CUSUM together."""
        return Calibrated(state.calibrations[-1], state.thresholds)

    def subject(self, scene: Scene, key: int) -> Subject | None:
        """The account and its behavior."""
        who, behavior = scene.owner(key), scene.world.behaviors.get(int(behavior_of(key)))
        if who is None or behavior is None:
            return None
        return Subject(kind=self.kind, account=who.account, behavior=behavior)

    def held(self, scene: Scene, key: int) -> bool:
        """Whether its segment's alert says it, or one on all of the account."""
        who, verdicts = scene.owner(key), scene.verdicts[self.detector.name]
        shared = verdicts.ratio[verdicts.at(key)] >= _OWN_FALL
        behavior = int(behavior_of(key))
        if told_on_account(self, scene, key, "account_silent", "users_gone"):
            return True
        whole = behavior != ALL_NUMBER and key - behavior + ALL_NUMBER in scene.lives[self.detector.name]
        whole = whole or key in scene.lives[_HOURS]
        return whole or (who is not None and bool(shared) and in_segments_fall(scene, who))

    def evidence(self, scene: Scene, key: int, finding: Finding) -> Evidence:
        """Seen and due, who stopped, and the peers."""
        who, behavior = scene.world.accounts[self.account(key) or 0], scene.world.behaviors[int(behavior_of(key))]
        return evidence_of(scene.world, scene.activity, who, [key], behavior, finding)

    def sentence(self, scene: Scene, key: int, evidence: Evidence) -> str:
        """Who still uses it, against who did."""
        return account_sentence(scene.world.accounts[self.account(key) or 0], evidence)

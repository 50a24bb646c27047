"""users.inactive: an account loses its people, one after the other; more than is usual for its age and segment.

It is held back while an alert on the same fall is open: the segment's, or one on all the account does.
"""

import numpy as np

from schemas.alerts import AlertKind, Evidence, Subject
from streams.detectors.base import OF_ACCOUNT
from streams.detectors.users_gone import FEWEST
from streams.evaluating.kinds.base import Lack, Scene, in_release_fall, in_segments_fall, told_on_account
from streams.evaluating.kinds.people import PeopleKind
from streams.people import PeopleState, crowd, last_of
from streams.sentences import people_sentence


class UsersInactiveKind(PeopleKind):
    """Those keys of the detector that are accounts."""

    kind = AlertKind.USERS_INACTIVE

    def subject(self, scene: Scene, key: int) -> Subject | None:
        """The account."""
        who = scene.owner(key)
        return None if who is None or key & OF_ACCOUNT else Subject(kind=self.kind, account=who.account)

    def lack(self, scene: Scene) -> Lack:
        """People who had come for two weeks."""
        state: PeopleState = scene.states[self.detector.name]
        return self.lacking(scene, crowd(state).astype(np.float64), FEWEST, people=False)

    def held(self, scene: Scene, key: int) -> bool:
        """Whether its segment's alert says it, or another on the account."""
        who = scene.owner(key)
        began = last_of(scene.states[self.detector.name], key)
        shared = who is not None and (in_segments_fall(scene, who) or in_release_fall(scene, who, began))
        return shared or told_on_account(self, scene, key, "account_silent", "behavior_dropped", "hourly_dropped")

    def sentence(self, scene: Scene, key: int, evidence: Evidence) -> str:
        """Who stopped, and who is left."""
        return people_sentence(scene.world.accounts[self.account(key) or 0], evidence)

"""champion.silent: the person who carried the account stops, while others may still come.

It is held back while an alert on the account tells of the same fall: that one names the champion too.
"""

import numpy as np

from schemas.alerts import AlertKind, Evidence, Subject
from streams.detectors.base import OF_ACCOUNT
from streams.evaluating.kinds.base import Lack, Scene, in_segments_fall, told_on_account
from streams.evaluating.kinds.people import PeopleKind
from streams.people import PeopleState
from streams.sentences import champion_sentence

_TELLING = ("account_silent", "behavior_dropped", "hourly_dropped", "users_gone")


class ChampionSilentKind(PeopleKind):
    """Those keys of the detector that are an account's users."""

    kind = AlertKind.CHAMPION_SILENT

    def user(self, key: int) -> int | None:
        """The champion's number."""
        return key & OF_ACCOUNT or None

    def subject(self, scene: Scene, key: int) -> Subject | None:
        """The account and its champion."""
        who, user = scene.owner(key), key & OF_ACCOUNT
        if who is None or not user:
            return None
        return Subject(kind=self.kind, account=who.account, user=scene.world.user(user))

    def lack(self, scene: Scene) -> Lack:
        """A champion."""
        state: PeopleState = scene.states[self.detector.name]
        return self.lacking(scene, (state.today.champion >= 0).astype(np.float64), 1, people=True)

    def held(self, scene: Scene, key: int) -> bool:
        """Whether its segment's alert says it, or one on all of the account."""
        who = scene.owner(key)
        shared = who is not None and in_segments_fall(scene, who)
        return shared or told_on_account(self, scene, key, *_TELLING)

    def sentence(self, scene: Scene, key: int, evidence: Evidence) -> str:
        """Who it is, since when, and who is left."""
        return champion_sentence(scene.world.accounts[self.account(key) or 0], evidence)

"""account.silent: an account gives no sign of life for longer than its own cadence allows.

A sign is an event of one of its people, or an inbound signal. What fell before it fell silent has its alert already,
and keeps it: the silence makes that one worse.
"""

import msgspec
import numpy as np

from schemas.alerts import AlertKind, Evidence, Subject
from schemas.windows import ALL
from streams.calendar import day_of
from streams.detectors.account_silent import FEWEST, AccountSilent, SilentDay, SilentState
from streams.detectors.base import Bools, Day
from streams.evaluating.kinds.base import Kind, Lack, Scene, in_segments_fall, told_on_account, widened
from streams.evaluating.kinds.rhythm import out_of_rhythm
from streams.evaluating.roster import Roster
from streams.evidence import Finding, evidence_of
from streams.sentences import long_date, silent_sentence

_NEWS = 120  # days; whoever gave no sign for longer was told of, or was never judged


class AccountSilentKind(Kind):
    """Keys are accounts."""

    kind = AlertKind.ACCOUNT_SILENT

    def __init__(self, budget: float) -> None:
        self.detector: AccountSilent = AccountSilent(budget)

    def day(self, day: Day, roster: Roster) -> Day:
        """With those who were heard from otherwise."""
        heard = roster.world.heard
        today = heard[slice(*np.searchsorted(heard, [day.date << 32, (day.date + 1) << 32]).tolist())]
        places = np.flatnonzero(np.isin(day.keys, (today & 0xFFFFFFFF) << 32)) if len(today) else today
        return widened(day, SilentDay, heard=places)

    def lack(self, scene: Scene) -> Lack:
        """Pauses between its visits."""
        state: SilentState = scene.states[self.detector.name]
        return Lack(*state.whole.baseline.judged(), state.gaps.known, FEWEST)

    def history(self, state: SilentState, key: int) -> float:  # noqa: ARG002 - the same for all
        """The years of accounts that came again."""
        return float(state.whole.calibrations[0].years.sum())

    def crossing(self, scene: Scene) -> Bools:
        """Accounts that crossed, but for those that are silent in their own rhythm."""
        return out_of_rhythm(scene, scene.verdicts[self.detector.name])

    def subject(self, scene: Scene, key: int) -> Subject | None:
        """The account."""
        who = scene.owner(key)
        return None if who is None else Subject(kind=self.kind, account=who.account)

    def held(self, scene: Scene, key: int) -> bool:
        """Whether it is no news, its segment's alert says it, or one on the fall that ended in silence."""
        who, state = scene.owner(key), scene.states[self.detector.name]
        if scene.day.date + 1 - state.gaps.last[scene.verdicts[self.detector.name].at(key)] > _NEWS:
            return True
        fallen = any(key in scene.lives[name] for name in ("behavior_dropped", "hourly_dropped"))
        fallen = fallen or told_on_account(self, scene, key, "users_gone")
        return fallen or (who is not None and in_segments_fall(scene, who))

    def onset(self, scene: Scene, key: int) -> int:
        """The day after the last sign."""
        state = scene.states[self.detector.name]
        return min(int(state.gaps.last[scene.verdicts[self.detector.name].at(key)]), int(state.date))

    def evidence(self, scene: Scene, key: int, finding: Finding) -> Evidence:
        """Since when, and how often it used to come."""
        who = scene.world.accounts[self.account(key) or 0]
        evidence = evidence_of(
            scene.world, scene.activity, who, [key], ALL, finding, scene.world.in_segment(who.segment)
        )
        last = day_of(finding.case.extra["last_sign"])
        return msgspec.structs.replace(
            evidence,
            smallest_visible_drop=None,
            quiet_if=f"any event or inbound signal after {long_date(last)}",
            extra=evidence.extra | {"last_sign": last.isoformat()},
        )

    def sentence(self, scene: Scene, key: int, evidence: Evidence) -> str:
        """For how long, and what was usual."""
        return silent_sentence(scene.world.accounts[self.account(key) or 0], evidence)

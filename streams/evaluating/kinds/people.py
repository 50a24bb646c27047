"""What the kinds about people have in common: one detector, and evidence that names who is gone."""

from typing import Any

import msgspec
import numpy as np

from schemas.alerts import Evidence, GoneUser
from schemas.windows import ALL
from streams.calendar import day_of
from streams.detectors.base import OF_ACCOUNT, Day, Floats
from streams.detectors.users_gone import CHAMPION, LOSS, UsersGone
from streams.evaluating.activity import Activity
from streams.evaluating.kinds.base import Kind, Lack, Scene, widened
from streams.evaluating.roster import Roster
from streams.evidence import BEFORE, HABIT, Finding, evidence_of, next_step, people_of
from streams.people import PeopleDay, PeopleState, onset_of


class PeopleKind(Kind):
    """Keys are accounts, or an account's users; each kind of alert takes its own."""

    def __init__(self, detector: UsersGone) -> None:
        self.detector: UsersGone = detector

    def day(self, day: Day, roster: Roster) -> Day:
        """With champions, and when accounts began."""
        return widened(day, PeopleDay, champions=roster.world.champions_on(day.date), began=roster.began)

    def lacking(self, scene: Scene, has: Floats, needs: float, *, people: bool) -> Lack:
        """What accounts lack (`has` is by account), for the keys that are `people`, or for those that are not."""
        state: PeopleState = scene.states[self.detector.name]
        keys = scene.verdicts[self.detector.name].keys
        of = np.searchsorted(state.whole.keys, keys & ~OF_ACCOUNT)
        begun, judged_from = state.whole.baseline.judged()
        return Lack(begun[of], judged_from[of], has[of], needs, (keys & OF_ACCOUNT > 0) == people)

    def history(self, state: PeopleState, key: int) -> float:
        """The years of accounts that kept their people, or of their champions."""
        return float(state.whole.calibrations[CHAMPION if key & OF_ACCOUNT else LOSS].years.sum())

    def onset(self, scene: Scene, key: int) -> int:
        """The day after the first of the lost people came last."""
        return onset_of(scene.states[self.detector.name], key)

    def evidence(self, scene: Scene, key: int, finding: Finding) -> Evidence:
        """Seen and due of the account, who is gone, and who still comes."""
        world, whole, case = scene.world, key & ~OF_ACCOUNT, finding.case
        who = world.accounts[self.account(key) or 0]
        rows = case.extra["gone"]
        gone = tuple(GoneUser(world.user(u), day_of(d).isoformat(), round(w, 1), round(p, 3)) for u, d, w, p in rows)
        evidence = evidence_of(world, scene.activity, who, [whole], ALL, finding, world.in_segment(who.segment))
        left = {row[0] for row in rows}
        before = people_of(scene.activity, [whole], case.onset - BEFORE, case.onset - 1)
        active = people_of(scene.activity, [whole], max(case.onset, case.last - BEFORE + 1), case.last) - left
        still = sorted(world.user(user) for user in before & active)
        extra: dict[str, Any] = {name: found for name, found in evidence.extra.items() if name != "gone"}
        return msgspec.structs.replace(
            evidence,
            users_before=len(before),
            users_active=len(active),
            users_gone=gone[:20],
            users_still_active=tuple(still[:20]),
            smallest_visible_drop=case.extra["visible"],
            quiet_if=_quiet(gone, case.extra["enough"]),
            next_step=next_step(who, gone, still, case.onset),
            extra=extra
            | {
                "users_still": len(still),
                "users_lost": len(gone),
                "share": _share(scene.activity, whole, left, case.onset),
            },
        )


def _share(activity: Activity, key: int, of: set[int], onset: int) -> float:
    """What some people did of an account's use before the first of them stopped: their user-days among all."""
    _, users = activity.presences(key, onset - HABIT, onset - 1)
    return round(float(np.isin(users, list(of)).mean()), 3) if len(users) else 0.0


def _quiet(gone: tuple[GoneUser, ...], enough: int) -> str:
    names = [user.user for user in gone[:enough]]
    return (
        f"a visit of {' and '.join(names)} since" if len(names) <= 3 else f"a visit of {len(names)} of the lost since"
    )

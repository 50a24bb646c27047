"""release.disrupted: after a marked release a segment's accounts do less, and people stop.

One alert a release and segment; members' own alerts that open in the two weeks after it are held back by it.
"""

import msgspec
import numpy as np

from schemas.alerts import AlertKind, Evidence, GoneUser, Subject
from schemas.windows import ALL, ALL_NUMBER
from streams.calendar import day_of
from streams.detectors.base import Bools, Day
from streams.detectors.release_disrupted import BEFORE, UNTIL, Mark, ReleaseDay, ReleaseDisrupted
from streams.evaluating.activity import behavior_of
from streams.evaluating.kinds.base import Kind, Scene, release_day, release_key
from streams.evaluating.roster import Roster
from streams.evaluating.world import Account, Release
from streams.evidence import Finding, evidence_of, gone_of, people_of
from streams.sentences import long_date, release_sentence

_LISTED = 20


class ReleaseDisruptedKind(Kind):
    """Keys are releases in segments."""

    kind = AlertKind.RELEASE_DISRUPTED

    def __init__(self) -> None:
        self.detector: ReleaseDisrupted = ReleaseDisrupted()
        self._roster: Roster | None = None
        self._marks: dict[str, Mark] = {}

    def day(self, day: Day, roster: Roster) -> Day:
        """With the releases of the last four weeks that were marked by then."""
        if roster is not self._roster:
            self._roster, self._marks = roster, {}
        marks = []
        for release in roster.world.releases:
            on = release_day(roster.world, release)
            if release.since <= day.date and 0 <= day.date - on < UNTIL:
                if release.name not in self._marks:
                    self._marks[release.name] = _mark(roster, release, on)
                marks.append(self._marks[release.name])
        return ReleaseDay.of(day, tuple(marks))

    def crossing(self, scene: Scene) -> Bools:
        """Those that crossed and after which somebody stopped."""
        verdicts = scene.verdicts[self.detector.name]
        crosses = verdicts.crosses.copy()
        for at in np.flatnonzero(crosses).tolist():
            crosses[at] = bool(_stopped(scene, int(verdicts.keys[at])))
        return crosses

    def account(self, key: int) -> int | None:  # noqa: ARG002 - it is nobody's
        """It is about none."""
        return None

    def subject(self, scene: Scene, key: int) -> Subject | None:
        """The segment, and the release in the place of a behavior."""
        release, segment = _names(scene, key)
        if release is None or segment is None:
            return None
        return Subject(kind=self.kind, segment=segment, behavior=f"release {release.name}")

    def held(self, scene: Scene, key: int) -> bool:  # noqa: ARG002 - it says why
        """It says more than a segment's alert: why."""
        return False

    def evidence(self, scene: Scene, key: int, finding: Finding) -> Evidence:
        """Before and after, the accounts without the release, and who stopped."""
        release, segment = _names(scene, key)
        assert release is not None and segment is not None  # noqa: S101, PT018 - as in `subject`
        on = day_of(release_day(scene.world, release))
        keys, behaviors = _keys(scene, key), _touched(scene.roster, release)
        name = ", ".join(scene.world.behaviors[number] for number in behaviors)
        evidence = evidence_of(scene.world, scene.activity, Account(0, segment, segment, segment), keys, name, finding)
        gone = _stopped(scene, key)
        activity, first, last = scene.activity, finding.case.last - finding.case.window + 1, finding.case.last
        events = np.isin(activity.key, keys) & (activity.day >= first) & (activity.day <= last)
        people = ", ".join(user.user for user in gone[:3]) or "the accounts"
        return msgspec.structs.replace(
            evidence,
            events_observed=float(activity.events[events].sum()),
            users_gone=gone[:_LISTED],
            next_step=f"Ask {people} what release {release.name} of {long_date(on)} changed for them.",
            extra={
                "release": release.name,
                "released_on": on.isoformat(),
                **finding.case.extra,
                "users_stopped": len(gone),
                "dispersion": evidence.extra["dispersion"],
                "users_still": evidence.extra["users_still"],
            },
        )

    def sentence(self, scene: Scene, key: int, evidence: Evidence) -> str:  # noqa: ARG002 - the evidence says it all
        """Before and after, who stopped, and the others."""
        return release_sentence(evidence)


def _touched(roster: Roster, release: Release) -> list[int]:
    """The judged behaviors that a release touches; everything, where it names none of them."""
    named = [number for number, name in roster.world.behaviors.items() if name in release.behaviors and name != ALL]
    return sorted(named) or [ALL_NUMBER]


def _mark(roster: Roster, release: Release, on: int) -> Mark:
    """Which keys got a release, by segment, and which did not."""
    touched = np.isin(behavior_of(roster.keys), _touched(roster, release))
    got = [one is not None and (release.accounts is None or one.account in release.accounts) for one in roster.owners]
    theirs = touched & np.array(got, np.bool_)[roster.owner]
    segments = [release_key(release.name, one.segment) if one else 0 for one in roster.owners]
    keys = np.array(segments, np.int64)[roster.owner]
    names = np.unique(keys[theirs])
    group = np.where(theirs, np.searchsorted(names, keys), -1)
    return Mark(on, names, group, touched & ~theirs & (keys > 0))


def _names(scene: Scene, key: int) -> tuple[Release | None, str | None]:
    """A key's release and segment, while both are known."""
    for release in scene.world.releases:
        for segment in scene.roster.segments.names.values():
            if release_key(release.name, segment) == key:
                return release, segment
    return None, None


def _keys(scene: Scene, key: int) -> list[int]:
    """The keys of accounts that a release is judged by in a segment."""
    release, _ = _names(scene, key)
    if release is None:
        return []
    mark = _mark(scene.roster, release, 0)
    mine: list[int] = scene.roster.keys[mark.group == np.searchsorted(mark.names, key)].tolist()
    return mine


def _stopped(scene: Scene, key: int) -> tuple[GoneUser, ...]:
    """Who of a segment's accounts came before a release, and more likely than not will not come again."""
    release, _ = _names(scene, key)
    if release is None:
        return ()
    onset, last, activity = release_day(scene.world, release) + 1, scene.day.date, scene.activity
    found: list[GoneUser] = []
    for mine in _keys(scene, key):
        missing = people_of(activity, [mine], onset - BEFORE, onset - 1) - people_of(activity, [mine], onset, last)
        found += gone_of(scene.world, activity, mine, missing, onset, last) if missing else ()
    return tuple(sorted(found, key=lambda user: (-user.days_a_week, user.user)))

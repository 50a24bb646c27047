"""ingest.quiet: a source stops sending. One alert for operations; of its days nothing is said about customers.

The fold asks it first: what it finds quiet is unknown to every kind after it, live and in replay alike.
"""

from dataclasses import replace

import msgspec
import numpy as np

from schemas.alerts import AlertKind, Evidence, Subject
from schemas.rules import Rule
from schemas.segments import EVERYONE
from schemas.windows import ALL_NUMBER
from streams.calendar import day_of
from streams.detectors.base import Bools, Day, Ints, Verdicts
from streams.detectors.ingest_quiet import IngestQuiet, SourceDay
from streams.evaluating.activity import behavior_of
from streams.evaluating.kinds.base import Kind, Scene, widened
from streams.evaluating.roster import Roster
from streams.evaluating.world import Account
from streams.evidence import Finding, evidence_of
from streams.sentences import source_sentence


class IngestQuietKind(Kind):
    """Keys are behaviors' numbers; 0 is everything that comes."""

    kind = AlertKind.INGEST_QUIET
    rule = Rule(quiet=1, spaced=0)  # it is over when events come again

    def __init__(self) -> None:
        self.detector: IngestQuiet = IngestQuiet()
        self._roster: Roster | None = None
        self._local: Bools = np.empty(0, np.bool_)

    def day(self, day: Day, roster: Roster) -> Day:
        """With whose holidays are known; around the turn of the year, people are away on other days, too."""
        if roster is not self._roster:
            local = np.array([bool(one and one.region) for one in roster.owners], np.bool_)
            self._roster, self._local = roster, local[roster.owner]
        return widened(day, SourceDay, local=self._local & (not _turn_of_the_year(day.date)))

    def told(self, day: Day, verdicts: Verdicts) -> Day:
        """Nothing is known of anyone when everything is quiet, and of one behavior when that is."""
        return without(day, verdicts.keys[verdicts.crosses])

    def knows(self, scene: Scene, key: int) -> bool:
        """Whether the source's day says something: it was due, or it has been quiet so far."""
        verdicts = scene.verdicts[self.detector.name]
        at = verdicts.at(key)
        return bool(verdicts.judged[at] or verdicts.crosses[at] or self._is_back(scene, at))

    def _is_back(self, scene: Scene, at: int) -> bool:
        """Whether something came on a day on which too little was due to judge."""
        return bool(scene.states[self.detector.name].sources.seen[0, at] > 0)

    def account(self, key: int) -> int | None:  # noqa: ARG002 - it is nobody's
        """It is about none."""
        return None

    def subject(self, scene: Scene, key: int) -> Subject | None:
        """Everyone's behavior, or everything."""
        name = scene.world.behaviors.get(key)
        return None if name is None else Subject(kind=self.kind, segment=EVERYONE, behavior=name)

    def held(self, scene: Scene, key: int) -> bool:
        """When everything stops, every behavior does; while whole companies are closed, nobody is woken.

        Nor on a day that says nothing by itself, as a weekend after days between holidays.
        """
        verdicts = scene.verdicts[self.detector.name]
        whole = key != ALL_NUMBER and ALL_NUMBER in scene.lives[self.detector.name]
        return whole or _turn_of_the_year(scene.day.date) or not verdicts.judged[verdicts.at(key)]

    def evidence(self, scene: Scene, key: int, finding: Finding) -> Evidence:
        """What came against what was due, of users and of accounts, on the quiet days."""
        name = scene.world.behaviors[key]
        nobody = Account(0, name, EVERYONE, EVERYONE, time_zone=scene.world.time_zone)
        evidence = evidence_of(scene.world, scene.activity, nobody, (), name, finding)
        what = "the source" if key == ALL_NUMBER else f"what sends {name}"
        return msgspec.structs.replace(
            evidence,
            next_step=f"Check {what}: its keys, its last deployment, its network; send again what is missing.",
            extra={**finding.case.extra, "dispersion": finding.case.dispersion},
        )

    def sentence(self, scene: Scene, key: int, evidence: Evidence) -> str:  # noqa: ARG002 - the evidence says it all
        """What came of how much, since when."""
        return source_sentence(evidence, everything=key == ALL_NUMBER)


def without(day: Day, quiet: Ints) -> Day:
    """The day as it is known while those sources are quiet."""
    if ALL_NUMBER in quiet:
        return replace(day, covered=False)
    paused = np.isin(behavior_of(day.keys), quiet)
    return replace(day, paused=~day.known | paused) if paused.any() else day


def _turn_of_the_year(day: int) -> bool:
    """From 22 December to 3 January."""
    on = day_of(day)
    return (on.month, on.day) >= (12, 22) or (on.month, on.day) <= (1, 3)

"""segment.dropped: a segment, or everyone, falls together: one alert, where its accounts would open many."""

import msgspec

from schemas.alerts import AlertKind, Evidence, Subject
from schemas.segments import EVERYONE
from schemas.windows import ALL, ALL_NUMBER
from streams.detectors.base import Bools, Day
from streams.detectors.behavior_dropped import DropState
from streams.detectors.segment_dropped import SegmentDropped
from streams.evaluating.kinds.base import Kind, Scene, release_key
from streams.evaluating.roster import Roster
from streams.evaluating.segments import Breadth
from streams.evaluating.world import Account
from streams.evidence import Finding, evidence_of
from streams.peers import Span, each
from streams.sentences import segment_sentence

_ACCOUNTS = "behavior_dropped"
_SPAN, _LESS = 14, 0.85  # days in which an account does less than that share of what is usual for it


class SegmentDroppedKind(Kind):
    """Keys are segments (streams.evaluating.segments); 0 is everyone."""

    kind = AlertKind.SEGMENT_DROPPED

    def __init__(self, budget: float) -> None:
        self.detector: SegmentDropped = SegmentDropped(budget)

    def day(self, day: Day, roster: Roster) -> Day:
        """The accounts' day, summed by segment."""
        return roster.segments.day(day)

    def crossing(self, scene: Scene) -> Bools:
        """Segments that crossed and most of whose accounts are below: one big account is no segment."""
        crosses: Bools = scene.verdicts[self.detector.name].crosses & _breadth(scene).wide
        return crosses

    def account(self, key: int) -> int | None:  # noqa: ARG002 - it is nobody's
        """It is about none."""
        return None

    def history(self, state: DropState, key: int) -> float:  # noqa: ARG002 - the same for all
        """The years of segments."""
        return float(state.calibration.years.sum())

    def subject(self, scene: Scene, key: int) -> Subject | None:
        """The segment, by all it does."""
        name = scene.roster.segments.names.get(key)
        return None if name is None else Subject(kind=self.kind, segment=name, behavior=ALL)

    def held(self, scene: Scene, key: int) -> bool:
        """Everyone's alert speaks for all segments, and a release's for its own."""
        name = scene.roster.segments.names[key]
        released = any(release_key(one.name, name) in scene.lives["release_disrupted"] for one in scene.world.releases)
        return released or (key != 0 and 0 in scene.lives[self.detector.name])

    def evidence(self, scene: Scene, key: int, finding: Finding) -> Evidence:
        """The segment as if it were one account, and how many of its accounts do less than usual."""
        name = scene.roster.segments.names[key]
        keys = scene.roster.segments.members(key)
        others = scene.world.in_segment(EVERYONE) & ~scene.world.in_segment(name)
        who = Account(0, name, name, name)
        evidence = evidence_of(scene.world, scene.activity, who, keys, ALL, finding, others)
        first = finding.case.last - _SPAN + 1
        mine = scene.world.in_segment(name)
        seen, usual = each(scene.activity, mine, ALL_NUMBER, Span(first, finding.case.last, first))
        counted = {"accounts": len(seen), "accounts_below": int((seen < _LESS * usual).sum())}
        return msgspec.structs.replace(evidence, extra=evidence.extra | counted)

    def sentence(self, scene: Scene, key: int, evidence: Evidence) -> str:  # noqa: ARG002 - the evidence says it all
        """How many of its accounts fell, and what the others did."""
        return segment_sentence(evidence)


def _breadth(scene: Scene) -> Breadth:
    return scene.roster.segments.breadth(scene.states[_ACCOUNTS], scene.verdicts[_ACCOUNTS].judged)

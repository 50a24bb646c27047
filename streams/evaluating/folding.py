"""The fold over days: activity in, changes of alerts out. Live evaluation, imports and backtests all run this."""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from schemas.alerts import AlertKind
from schemas.coverage import Rows
from schemas.rules import BUILT_IN, Mode, Rules
from streams.alerting import Life
from streams.detectors.account_silent import AccountSilent
from streams.detectors.base import OF_ACCOUNT, Detector, Ints, Verdicts, joined, places
from streams.detectors.behavior_dropped import BehaviorDropped, DropState, Past
from streams.detectors.ingest_quiet import IngestQuiet
from streams.detectors.users_gone import UsersGone
from streams.evaluating.activity import Activity, account_of
from streams.evaluating.covering import cover
from streams.evaluating.kinds.account_silent import AccountSilentKind
from streams.evaluating.kinds.base import Kind, Lives, Scene
from streams.evaluating.kinds.behavior_dropped import BehaviorDroppedKind
from streams.evaluating.kinds.behavior_not_adopted import BehaviorNotAdoptedKind
from streams.evaluating.kinds.champion_silent import ChampionSilentKind
from streams.evaluating.kinds.hourly_dropped import HourlyDroppedKind
from streams.evaluating.kinds.ingest_quiet import IngestQuietKind, without
from streams.evaluating.kinds.release_disrupted import ReleaseDisruptedKind
from streams.evaluating.kinds.segment_dropped import SegmentDroppedKind
from streams.evaluating.kinds.users_inactive import UsersInactiveKind
from streams.evaluating.opening import Happening, Terms, open_alerts
from streams.evaluating.roster import Roster
from streams.evaluating.world import World
from streams.spending import Spending, rarest

_HOURLY = 0.1  # of the budget, for what is seen in hours
_USUAL_BUDGET = 0.5
_SHARING = {BehaviorDropped.name, AccountSilent.name, UsersGone.name}


class Shares(NamedTuple):
    """How the budget is shared among the kinds of alerts on accounts.

    They add to more than one: kinds see the same falls and hold one another back, so that most spend little of theirs.
    What they spend together is kept to the budget by a margin (streams/spending.py). Of a small budget silence, the
    surest sign, gets a larger part.
    """

    dropped: float = 1.0
    users: float = 0.3
    champions: float = 0.15
    silent: float = 0.7  # of the usual budget

    def silent_of(self, budget: float) -> float:
        """Silence's part of a budget: it falls with the root of the budget, where other kinds fall with the budget.

        >>> [round(Shares().silent_of(budget), 2) for budget in (0.5, 0.1)]
        [0.7, 1.57]
        """
        return self.silent * math.sqrt(_USUAL_BUDGET / budget)


SHARES = Shares()


class Detection:
    """The kinds of alerts that are looked for; an earlier one may hold back those after it, or take a day from them.

    `budget`: false alerts a year and account, over all kinds; and as many a year and segment. What `rules` say of it
    goes first; `tuning` are factors on kinds' shares, by people's verdicts. Every kind learns, whatever they say: one
    that is looked for from today on knows the years before.
    """

    def __init__(
        self,
        budget: float = _USUAL_BUDGET,
        rules: Rules = BUILT_IN,
        shares: Shares = SHARES,
        tuning: Mapping[str, float] = MappingProxyType({}),
    ) -> None:
        self.rules = rules
        self.tuning = tuning
        self.budget = budget if rules.budget is None else rules.budget
        dropped = self._part(AlertKind.BEHAVIOR_DROPPED, shares.dropped)
        inactive = self._part(AlertKind.USERS_INACTIVE, shares.users)
        people = UsersGone(inactive, self._part(AlertKind.CHAMPION_SILENT, shares.champions))
        self.kinds: Sequence[Kind] = (
            IngestQuietKind(),
            ReleaseDisruptedKind(),
            SegmentDroppedKind(self.budget * tuning.get(AlertKind.SEGMENT_DROPPED, 1.0)),
            HourlyDroppedKind(_HOURLY * self.budget),
            AccountSilentKind(self._part(AlertKind.ACCOUNT_SILENT, shares.silent_of(self.budget))),
            BehaviorDroppedKind(dropped),
            UsersInactiveKind(people),
            ChampionSilentKind(people),
            BehaviorNotAdoptedKind(),
        )

    @property
    def detectors(self) -> list[Detector[Any]]:
        """Those of the kinds; two kinds may share one."""
        return list({kind.detector.name: kind.detector for kind in self.kinds}.values())

    def _part(self, kind: AlertKind, usual: float) -> float:
        """A kind's part of the budget: what the rules say, else its usual share."""
        said = self.rules.of(kind).share
        return self.budget * (usual if said is None else said) * self.tuning.get(kind, 1.0)

    def seen_by(self, kind: Kind, scene: Scene) -> Scene:
        """The scene for one kind: what nobody is told of holds back nothing that somebody is."""
        if self.rules.of(kind.kind).mode == Mode.SHADOW:
            return scene
        hidden = {one.detector.name for one in self.kinds if self.rules.of(one.kind).mode == Mode.SHADOW}
        hidden.discard(kind.detector.name)
        return scene._replace(lives={name: {} if name in hidden else of for name, of in scene.lives.items()})

    @property
    def looked_for(self) -> list[Kind]:
        """The kinds that people are told of."""
        return [kind for kind in self.kinds if self.rules.of(kind.kind).mode == Mode.ENABLED]

    def terms(self, kind: Kind) -> Terms:
        """On what terms a kind is looked for."""
        return Terms(self.rules.kinds.get(kind.kind, kind.rule), self.rules.name, self.budget)

    @property
    def hourly(self) -> Kind:
        """The one that does not wait for the day's end."""
        return next(kind for kind in self.kinds if isinstance(kind, HourlyDroppedKind))

    @property
    def version(self) -> str:
        """Whose states can be gone on from."""
        return " ".join(f"{one.name} {one.version}" for one in self.detectors)


@dataclass
class Progress:
    """The fold's state after `day` (days since 1970-01-01).

    By each detector's name: its state, and the open episodes by key. `keys` are those of accounts' behaviors so far,
    `segments` those of the segments. `coverage`: after the last day folded, who is judged by each kind. `spending`:
    what the kinds on accounts spend of their one budget.
    """

    day: int
    states: dict[str, Any]
    lives: dict[str, Lives]
    keys: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    segments: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    coverage: dict[str, Rows] | None = None
    spending: Spending = field(default_factory=Spending)

    def busy(self, detection: "Detection") -> Ints:
        """The keys whose hours are watched."""
        found: Ints = self.states[detection.hourly.detector.name].keys
        return found


def begin(detection: Detection, first: int) -> Progress:
    """The state before day `first`, of a workspace that nothing is known of."""
    states = {one.name: one.initial() for one in detection.detectors}
    return Progress(first - 1, states, {name: {} for name in states})


def fold(
    world: World,
    activity: Activity,
    progress: Progress,
    until: int,
    detection: Detection,
    unwatched: Collection[int] = (),
) -> Iterator[tuple[Progress, list[Happening]]]:
    """Takes in the days after `progress.day` up to `until`; gives, after each, the state and what happened to alerts.

    On `unwatched` days nothing is learned or judged. The state is the same object each time, used up by the next day:
    who wants to keep it saves it at once.
    """
    fresh = np.unique(activity.key[places(progress.keys, activity.key) < 0])
    known = np.array([account in world.accounts for account in account_of(fresh).tolist()], np.bool_)
    progress.keys = joined(progress.keys, fresh[known])
    roster: Roster | None = None
    while progress.day < until:
        date = progress.day + 1
        if roster is None or world.on(date) is not roster.world:
            roster = Roster(world.on(date), progress.keys, progress.segments)
            progress.segments = roster.segments.keys
        scene, found = _step(activity, progress, roster, detection, covered=date not in unwatched)
        if date == until and scene:
            progress.coverage = cover(detection.looked_for, scene)
        yield progress, found


def _step(
    activity: Activity, progress: Progress, roster: Roster, detection: Detection, *, covered: bool
) -> tuple[Scene | None, list[Happening]]:
    """One day: every detector takes it in, and then, one kind after the other, alerts change. No scene: not covered."""
    day, verdicts = roster.day(activity, progress.day + 1, covered), dict[str, Verdicts]()
    day = replace(day, margin=progress.spending.begin(day.date, detection.budget))
    for kind in detection.kinds:
        name = kind.detector.name
        if name in verdicts:
            continue
        progress.states[name], verdicts[name] = kind.detector.step(progress.states[name], kind.day(day, roster))
        day = kind.told(day, verdicts[name])
    progress.day = day.date
    _spend(progress, verdicts, detection)
    if not covered:
        return None, []
    scene = Scene(roster, activity, day, progress.states, verdicts, progress.lives)
    found = (open_alerts(kind, detection.seen_by(kind, scene), detection.terms(kind)) for kind in detection.kinds)
    return scene, [happening for of_kind in found for happening in of_kind]


def _spend(progress: Progress, verdicts: Mapping[str, Verdicts], detection: Detection) -> None:
    """Counts what a day's findings on accounts spend."""
    state: DropState = progress.states[BehaviorDropped.name]
    whole = np.flatnonzero(state.keys & OF_ACCOUNT == 0)
    sharing = {kind.detector.name for kind in detection.looked_for} & _SHARING
    shared = [verdicts[name] for name in sorted(sharing)]
    found = rarest(state.keys[whole], shared, detection.budget, progress.spending.margin)
    judged = np.where(verdicts[BehaviorDropped.name].judged[whole], 0, -1)
    past = Past(state.past.clean[whole], state.past.counted[whole])
    progress.spending.take(progress.day, state.keys[whole], judged, past, found)


def peek(
    world: World, activity: Activity, progress: Progress, days: range, hour: int, detection: Detection
) -> tuple[list[Happening], list[Life]]:
    """What can be said before days are over, from what is known until an `hour` (since the epoch).

    Only alerts that would open are said, and only by the kind that watches hours: when the days are over, the fold
    comes to the same. Of sources that are quiet nothing is said. Gives what happened and the episodes it opened;
    `progress` (of the day before) stays as it is.
    """
    kind, sources = detection.hourly, IngestQuiet()
    name, quiet = kind.detector.name, sources.quiet(progress.states[sources.name])
    state, lives, found = deepcopy(progress.states[name]), dict(progress.lives[name]), list[Happening]()
    for date in days:
        roster = Roster(world.on(date), progress.keys, progress.segments)
        day = without(roster.day(activity, date, covered=True, until=hour), quiet)
        state, verdicts = kind.detector.step(state, day)
        now = progress.lives | {name: lives}
        scene = Scene(roster, activity, day, {name: state}, {name: verdicts}, now)
        found += open_alerts(kind, detection.seen_by(kind, scene), detection.terms(kind), only_new=True)
    return found, [life for key, life in lives.items() if key not in progress.lives[name]]

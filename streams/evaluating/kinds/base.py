"""What a kind of alert is beside its detector: whose it is, what holds it back, what it rests on, and how it reads."""

import math
import zlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, ClassVar, NamedTuple, TypeVar

import numpy as np

from schemas.alerts import AlertKind, Evidence, Subject
from schemas.clock import DAY_MS
from schemas.days import day_start, local_date
from schemas.rules import Rule
from schemas.windows import ALL_NUMBER
from streams.alerting import Life
from streams.calendar import day_number, day_of
from streams.calibration import Calibration
from streams.detectors.base import OF_ACCOUNT, Bools, Day, Detector, Floats, Ints, Verdicts
from streams.detectors.release_disrupted import AFTER, disturbs
from streams.evaluating.activity import Activity, account_of, pack
from streams.evaluating.roster import Roster
from streams.evaluating.segments import key_of
from streams.evaluating.world import Account, Release, World
from streams.evidence import Finding

_ABSORBS = 14 * DAY_MS
Lives = dict[int, Life]
Wide = TypeVar("Wide", bound=Day)


class Scene(NamedTuple):
    """What a day's alerts are judged among; states, verdicts and open episodes are by the detectors' names."""

    roster: Roster
    activity: Activity
    day: Day
    states: Mapping[str, Any]
    verdicts: Mapping[str, Verdicts]
    lives: Mapping[str, Lives]

    @property
    def world(self) -> World:
        """The workspace, as of the day."""
        return self.roster.world

    def owner(self, key: int) -> Account | None:
        """The account in a key."""
        return self.world.accounts.get(account_of(key))

    def knows(self, key: int) -> bool:
        """Whether the day says anything of an account's behavior."""
        at = int(np.searchsorted(self.day.keys, key))
        there = at < len(self.day.keys) and int(self.day.keys[at]) == key
        return bool(self.day.known[at]) if there else self.day.covered


class Lack(NamedTuple):
    """What keys that are not judged lack, by key; schemas/coverage.py has the words for it.

    Attributes:
        begun: The first day of each, NEVER before it.
        judged_from: The day from which each is judged.
        has: What there is of what the kind needs, …
        needs: … and how much that is.
        mine: Which of the detector's keys are the kind's; None: all.
    """

    begun: Ints
    judged_from: Ints
    has: Floats
    needs: float
    mine: Bools | None = None


class Calibrated(NamedTuple):
    """What a kind's thresholds (by stratum) rest on."""

    calibration: Calibration
    thresholds: Floats


class Kind(ABC):
    """One kind of alert. Keys are its detector's. `rule` holds where the rules say nothing of the kind."""

    kind: ClassVar[AlertKind]
    detector: Detector[Any]
    rule: ClassVar[Rule] = Rule()

    def day(self, day: Day, roster: Roster) -> Day:  # noqa: ARG002 - others need it
        """The day as the detector sees it."""
        return day

    def told(self, day: Day, verdicts: Verdicts) -> Day:  # noqa: ARG002 - others need it
        """The day as the kinds after this one see it."""
        return day

    def knows(self, scene: Scene, key: int) -> bool:
        """Whether the day says anything of a key's alert; where it does not, nothing changes."""
        account = self.account(key)
        return scene.day.covered and (account is None or scene.knows(pack(account, ALL_NUMBER)))

    def crossing(self, scene: Scene) -> Bools:
        """Which keys open an alert, or keep one open."""
        return scene.verdicts[self.detector.name].crosses

    def moment(self, scene: Scene, key: int) -> int:
        """When the day's word on a key was there to be had: ms."""
        return closing(scene.world, self.account(key), scene.day.date)

    def account(self, key: int) -> int | None:
        """The number of the account that an alert is about; None where it is about none."""
        return account_of(key)

    def user(self, key: int) -> int | None:  # noqa: ARG002 - others need it
        """The number of the user that an alert is about; None where it is about none."""
        return None

    def lack(self, scene: Scene) -> Lack | None:  # noqa: ARG002 - others need it
        """What keys that are not judged lack; None where they are about no account."""
        return None

    def calibrated(self, state: Any) -> Calibrated | None:  # noqa: ARG002 - others need it
        """What its thresholds are and rest on, from its detector's state; None where they are fixed."""
        return None

    def history(self, state: Any, key: int) -> float:  # noqa: ARG002 - others need it
        """The account-years in which its scores were counted, from its detector's state; infinite where none are."""
        return math.inf

    def onset(self, scene: Scene, key: int) -> int:
        """The first day of what a key's alert would tell of."""
        name = self.detector.name
        return self.detector.case(scene.states[name], scene.verdicts[name].at(key)).onset

    @abstractmethod
    def subject(self, scene: Scene, key: int) -> Subject | None:
        """What an alert is about; None where it is no longer known, and then nothing changes."""

    @abstractmethod
    def held(self, scene: Scene, key: int) -> bool:
        """Whether a new alert would only say what an open one says already."""

    @abstractmethod
    def evidence(self, scene: Scene, key: int, finding: Finding) -> Evidence:
        """What an alert rests on."""

    @abstractmethod
    def sentence(self, scene: Scene, key: int, evidence: Evidence) -> str:
        """The evidence as one sentence."""


def closing(world: World, account: int | None, day: int) -> int:
    """When a day was over for an account (None, or one no longer known: for the workspace): its last millisecond.

    So what a day's end says carries that day's date, not the next one's.
    """
    known = world.accounts.get(account) if account is not None else None
    return day_start(known.time_zone if known else world.time_zone, day_of(day + 1)) - 1


def in_segments_fall(scene: Scene, who: Account) -> bool:
    """Whether an alert on the account's segment, or on everyone, opened within the last two weeks."""
    lives, now = scene.lives["segment_dropped"], closing(scene.world, who.number, scene.day.date)
    found = (lives.get(key) for key in (0, key_of(who.segment)))
    return any(life is not None and now - life.opened_at < _ABSORBS for life in found)


def told_on_account(kind: Kind, scene: Scene, key: int, *names: str) -> bool:
    """Whether an open alert on all of an account, of one of those detectors, tells of the same fall.

    It does when what began before it opened; what began later is another.
    """
    whole = key & ~OF_ACCOUNT
    opened = [life.opened_at for name in names if (life := scene.lives[name].get(whole)) is not None]
    return bool(opened) and closing(scene.world, account_of(key), kind.onset(scene, key)) <= max(opened)


def widened(day: Day, into: type[Wide], **more: Any) -> Wide:
    """A day with more columns."""
    return into(**{one.name: getattr(day, one.name) for one in fields(Day)}, **more)


def release_key(release: str, segment: str) -> int:
    """The key of a release in a segment: a hash of its name in the place of an account, the segment's below."""
    return (1 + zlib.crc32(release.encode()) % 0x7FFFFFFE) << 32 | key_of(segment) >> 32


def release_day(world: World, release: Release) -> int:
    """The day of a release, where the workspace is at home."""
    return day_number(local_date(world.time_zone, release.at))


def in_release_fall(scene: Scene, who: Account, began: int) -> bool:
    """Whether the alert on a release that the account got, in its segment, tells of what began on a day.

    It does in the two weeks after it opened; and later, of what began in the two weeks after the release.
    """
    got = (one for one in scene.world.releases if one.accounts is None or who.account in one.accounts)
    return any(_told_by(scene, one, who, began) for one in got)


def _told_by(scene: Scene, release: Release, who: Account, began: int) -> bool:
    key, now = release_key(release.name, who.segment), closing(scene.world, who.number, scene.day.date)
    life, state = scene.lives["release_disrupted"].get(key), scene.states["release_disrupted"]
    if life is not None and now - life.opened_at < _ABSORBS:
        return True
    at = int(np.searchsorted(state.names, key))
    disturbed = at < len(state.names) and state.names[at] == key and bool(disturbs(state.effects)[at])
    return disturbed and 0 <= began - release_day(scene.world, release) <= AFTER

"""behavior.not_adopted: a declared behavior is not taken up by its due day, however busy the account is.

It says what was declared and what was seen; it draws nothing from the budget of false alerts.
"""

import msgspec
import numpy as np

from schemas.alerts import AlertKind, Evidence, Subject
from schemas.coverage import NEVER
from streams.calendar import day_of
from streams.detectors.base import Day
from streams.detectors.behavior_not_adopted import ALIVE, SPAN, AdoptionDay, AdoptionState, Asked, BehaviorNotAdopted
from streams.evaluating.activity import account_of, behavior_of, pack
from streams.evaluating.kinds.base import Kind, Lack, Scene
from streams.evaluating.roster import Roster
from streams.evidence import Finding, evidence_of
from streams.sentences import adoption_sentence, counted

_NEVER = -1


class BehaviorNotAdoptedKind(Kind):
    """Keys are accounts' behaviors, those they never did among them."""

    kind = AlertKind.BEHAVIOR_NOT_ADOPTED

    def __init__(self) -> None:
        self.detector: BehaviorNotAdopted = BehaviorNotAdopted()
        self._roster: Roster | None = None
        self._asked: Asked | None = None

    def day(self, day: Day, roster: Roster) -> Day:
        """With what is declared of every account that was ever seen."""
        if roster is not self._roster or self._asked is None:
            self._roster, self._asked = roster, _asked(roster)
        return AdoptionDay.of(day, self._asked)

    def lack(self, scene: Scene) -> Lack:
        """People who came of late."""
        state: AdoptionState = scene.states[self.detector.name]
        lives = state.lives
        begun = np.where(lives.first > 0, lives.first - 1, NEVER)
        alive = (state.date - lives.active < ALIVE).astype(np.float64)
        return Lack(begun, np.where(lives.first > 0, lives.judged_from, NEVER), alive, 1)

    def subject(self, scene: Scene, key: int) -> Subject | None:
        """The account and the behavior, while its adoption is declared."""
        who, adoption = scene.owner(key), scene.world.adoptions.get(behavior_of(key))
        if who is None or adoption is None:
            return None
        return Subject(kind=self.kind, account=who.account, behavior=adoption.definition.name)

    def knows(self, scene: Scene, key: int) -> bool:
        """Whether the day says anything of the account, and of its behavior."""
        return super().knows(scene, key) and scene.knows(key)

    def held(self, scene: Scene, key: int) -> bool:  # noqa: ARG002 - nothing else says it
        """Nothing else says it."""
        return False

    def evidence(self, scene: Scene, key: int, finding: Finding) -> Evidence:
        """What was declared, what was done of it, and how busy the account is."""
        who = scene.world.accounts[account_of(key)]
        definition = scene.world.adoptions[behavior_of(key)].definition
        case, last = finding.case, finding.case.last
        evidence = evidence_of(scene.world, scene.activity, who, [key], definition.name, finding)
        whole = pack(account_of(key), 0)
        people = set(scene.activity.presences(whole, last - SPAN + 1, last)[1].tolist())
        doing = set(scene.activity.presences(key, last - SPAN + 1, last)[1].tolist())
        declared = {"due_day": definition.due_day, "frequency": definition.frequency, **case.extra["declared"]}
        idle = sorted(scene.world.user(user) for user in people - doing)
        days, breadth = case.extra["declared"]["days"], case.extra["declared"]["breadth"]
        within = f"{counted(days, 'day', 'days')} within {case.extra['declared']['in_days']}"
        return msgspec.structs.replace(
            evidence,
            low=evidence.expected,
            high=evidence.expected,
            segment_accounts=0,
            smallest_visible_drop=None,
            quiet_if=f"{within}, by {counted(breadth, 'person', 'people')}, in the {SPAN} days to {day_of(last)}",
            next_step=_next_step(who.name, definition.name, idle),
            extra={
                "declared": declared,
                "seen": case.extra["seen"],
                "paused_days": case.extra["paused_days"],
                "people": len(people),
                "life_began": None if who.created is None else day_of(who.created).isoformat(),
                "rule": "declared in behaviors.yaml; no share of the false-alert budget",
            },
        )

    def sentence(self, scene: Scene, key: int, evidence: Evidence) -> str:
        """Who uses the product, and what is missing."""
        return adoption_sentence(scene.world.accounts[account_of(key)], evidence)


def _next_step(account: str, behavior: str, idle: list[str]) -> str:
    if not idle:
        return f"Ask {account} what keeps them from {behavior}."
    return f"Show {behavior} to {idle[0]}, who uses the product without it; ask what {account} does instead."


def _asked(roster: Roster) -> Asked:
    """The declared behaviors of every account with a key, sorted."""
    accounts = [who for who in roster.owners if who]
    adoptions = sorted(roster.world.adoptions.items())
    told = [(n, one.definition.due_day or 0, one.since, one.definition.breadth or 1) for n, one in adoptions]
    frequency = np.array([one.definition.frequency or 7 / SPAN for _, one in adoptions])
    numbers, due_day, since, breadth = (
        np.tile(column, len(accounts)) for column in np.array(told, np.int64).reshape(-1, 4).T
    )
    owners = np.repeat(np.array([who.number for who in accounts], np.int64), len(adoptions))
    began = [_NEVER if who.created is None else who.created for who in accounts]
    born = np.repeat(np.array(began, np.int64), len(adoptions))
    return Asked(pack(owners, numbers), born, due_day, since, np.tile(frequency, len(accounts)), breadth)

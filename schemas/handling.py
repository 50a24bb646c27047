"""What people do about an alert: one word for each action, and the step of the alert's life that it is."""

from datetime import datetime
from enum import StrEnum

import msgspec

from schemas.alerts import Transition


class Action(StrEnum):
    """What people can do about an alert."""

    ACKNOWLEDGE = "acknowledge"
    SNOOZE = "snooze"
    RESOLVE = "resolve"
    REOPEN = "reopen"
    ASSIGN = "assign"
    VERDICT = "verdict"


class Verdict(StrEnum):
    """What a person thinks of an alert: it was right, it was wrong, or nothing new."""

    TRUE = "true"
    FALSE = "false"
    KNOWN = "known"


STEPS = {
    Action.ACKNOWLEDGE: Transition.ACKNOWLEDGED,
    Action.SNOOZE: Transition.SNOOZED,
    Action.RESOLVE: Transition.CLOSED,
    Action.REOPEN: Transition.REOPENED,
    Action.ASSIGN: Transition.ASSIGNED,
    Action.VERDICT: Transition.JUDGED,
}


class Deed(msgspec.Struct, frozen=True, kw_only=True):
    """One action by somebody.

    `until` ends a snooze (None: when it gets worse); `assignee` None takes an alert from whoever has it.
    """

    action: Action
    actor: str
    note: str | None = None
    until: datetime | None = None
    assignee: str | None = None
    verdict: Verdict | None = None

    @property
    def step(self) -> Transition:
        """The step that it is."""
        return STEPS[self.action]

    @property
    def reason(self) -> str:
        """What the alert's history says of it.

        >>> Deed(action=Action.ASSIGN, actor="kim", assignee="ada", note="knows them").reason
        'given to ada: knows them'
        """
        said = {
            Action.SNOOZE: f"until {self.until:%Y-%m-%d %H:%M} UTC" if self.until else "until it gets worse",
            Action.ASSIGN: f"given to {self.assignee}" if self.assignee else "given to nobody",
            Action.VERDICT: f"judged {self.verdict}",
        }.get(self.action, "")
        return ": ".join(part for part in (said, self.note) if part)

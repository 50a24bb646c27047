"""What the alerts say about the stories, and about everybody who left: decided from the API's answers alone."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from statistics import median
from typing import Any

import msgspec

from deploy.local.demo.company import Customer, moment_of
from deploy.local.demo.stories import Story

_RELATED = timedelta(days=182)
Alert = dict[str, Any]  # as GET /v1/alerts shows it


class Chapter(msgspec.Struct, frozen=True):
    """How a story stands: `seen`, `waiting` (its detector is not built yet), or `open`; and a sentence."""

    story: Story
    state: str
    sentence: str = ""
    days_before: int | None = None

    @property
    def line(self) -> str:
        """The story in one line."""
        match self.state:
            case "seen":
                early = "" if self.days_before is None else f" ({self.days_before} days before {self.story.day_is})"
                return f"✓ {self.story.title}: seen{early}: {self.sentence}"
            case "waiting":
                return f"· {self.story.title}: waiting for its detector ({self.story.kinds[0]})"
            case _:
                return f"… {self.story.title}: {self.sentence or 'not seen yet'}"


class Score(msgspec.Struct, frozen=True):
    """Of `left` customers that left, `flagged` had an alert before they decided, in the median `days` before."""

    left: int
    flagged: int
    days: float
    false_alarms: int
    stayed: int


def chapter(story: Story, alerts: Iterable[Alert], implemented: Sequence[str]) -> Chapter:
    """How a story stands after these alerts."""
    alerts = list(alerts)
    told = sorted((alert for alert in alerts if _tells(alert, story)), key=_fired)
    if not told:
        return Chapter(story, "open" if set(story.kinds) & set(implemented) else "waiting")
    disturbed = [alert for alert in alerts if _account(alert) == story.quiet and _fired(alert) > moment_of(story.since)]
    if disturbed:
        return Chapter(story, "open", f"but {story.quiet} was flagged too: {disturbed[0]['sentence']}")
    return Chapter(story, "seen", told[0]["sentence"], _days_before(told[0], story.day))


def score(customers: Iterable[Customer], alerts: Iterable[Alert]) -> Score:
    """Alerts of the half year before each outcome. A false alarm is one on an account that then renewed or expanded."""
    by_account: dict[str, list[datetime]] = {}
    for alert in alerts:
        if account := _account(alert):
            by_account.setdefault(account, []).append(_fired(alert))
    early, left, stayed, false_alarms = [], 0, 0, 0
    for customer in customers:
        if customer.decided is None:
            continue
        decided = moment_of(customer.decided)
        before = [fired for fired in by_account.get(customer.id, []) if decided - _RELATED < fired < decided]
        if customer.outcome == "churned":
            left += 1
            early += [(decided - max(before)).days] if before else []
        elif customer.outcome != "contracted":
            stayed += 1
            false_alarms += len(before)
    return Score(left, len(early), median(early) if early else 0, false_alarms, stayed)


def _tells(alert: Alert, story: Story) -> bool:
    if alert["kind"] not in story.kinds or alert["state"] == "retracted" or _fired(alert) < moment_of(story.since):
        return False
    if story.account:
        return _account(alert) == story.account
    return alert.get("account") is None and alert.get("segment") in (story.segment, "everyone")


def _account(alert: Alert) -> str | None:
    account = alert.get("account")
    return account["id"] if account else None


def _fired(alert: Alert) -> datetime:
    return datetime.fromisoformat(alert["fired_at"])


def _days_before(alert: Alert, day: int | None) -> int | None:
    return None if day is None else (moment_of(day) - _fired(alert)).days

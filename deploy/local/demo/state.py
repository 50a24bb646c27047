"""What the demo shows at one moment, gathered from the API, the player and the webhooks' receiver."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from deploy.local.demo.chapters import Alert, Chapter, Score

NEWEST = 8


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """One moment. `rate` is live events a second, `lag` seconds behind (made-up time), `windows` accounts' windows."""

    now: datetime
    phase: str
    imported: int
    sent: int
    rate: float
    lag: float | None
    evaluated_to: str | None
    accounts: int
    unassigned: int
    alerts: Sequence[Alert]
    open_alerts: int
    chapters: Sequence[Chapter]
    score: Score
    webhooks: int
    webhooks_refused: int
    addresses: dict[str, str]


def scene_lines(scene: Scene) -> dict[str, str]:
    """What a log shows of a moment, line by line; a line whose key was shown before says nothing new."""
    where = "   ".join(f"{name} {address}" for name, address in scene.addresses.items())
    lines = {"where": where, scene.phase: scene.phase}
    lines |= {f"{chapter.story.key} {chapter.state}": chapter.line for chapter in scene.chapters}
    for alert in reversed(scene.alerts[:NEWEST]):
        key = f"{alert['id']} {alert['state']}"
        lines[key] = f"{alert['kind']} {alert['state']} since {alert['fired_at'][:10]}: {alert['sentence']}"
    if scene.webhooks:
        lines[f"webhooks {scene.webhooks}"] = f"{scene.webhooks} webhooks came, their signatures verified"
    if scene.webhooks_refused:
        lines["refused"] = f"{scene.webhooks_refused} webhooks came with a wrong signature"
    return lines


def score_line(score: Score) -> str:
    """The summary in one sentence."""
    early = f", {score.days:.0f} days before they decided (median)" if score.flagged else ""
    return (
        f"Of {score.left} customers that left, {score.flagged} were flagged{early}; "
        f"{score.false_alarms} false alarms on {score.stayed} that stayed."
    )


def lag_of(status: dict[str, Any]) -> float | None:
    """The largest lag of a partition of live events, in seconds."""
    lags = [one["lag_seconds"] for one in status["partitions"] if one["topic"] == "events"]
    return max(lags) if lags and None not in lags else None

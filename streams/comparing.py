"""Two versions of the rules over the same history: which alerts come, go and move. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from streams.backtest import Alert

_SAME = 28  # days within which two alerts on one subject are the same one
Subject = tuple[str | None, ...]


class Moved(NamedTuple):
    """An alert that fires under both versions, `days` later (earlier, if negative)."""

    before: Alert
    after: Alert

    @property
    def days(self) -> int:
        """How many days later."""
        return round((_moment(self.after) - _moment(self.before)).total_seconds() / 86_400)


class Difference(NamedTuple):
    """What changes: `same` counts the alerts that fire on the same day under both."""

    added: Sequence[Alert]
    gone: Sequence[Alert]
    moved: Sequence[Moved]
    same: int


def compare(before: Sequence[Alert], after: Sequence[Alert]) -> Difference:
    """How the alerts of two versions stand against each other; one that is on trial is told to nobody and left out."""
    ours, theirs = _by_subject(before), _by_subject(after)
    pairs = [pair for subject, mine in ours.items() for pair in _pairs(mine, theirs.get(subject, []))]
    paired = {id(alert) for pair in pairs for alert in pair}
    moved = [pair for pair in pairs if pair.days]
    left = [alert for of in ours.values() for alert in of if id(alert) not in paired]
    fresh = [alert for of in theirs.values() for alert in of if id(alert) not in paired]
    return Difference(_in_order(fresh), _in_order(left), sorted(moved, key=_by_time), len(pairs) - len(moved))


def since(alerts: Sequence[Alert], moment: datetime) -> list[Alert]:
    """Those that fired at `moment` or later."""
    return [alert for alert in alerts if _moment(alert) >= moment]


def counted(alerts: Sequence[Alert], segments: Mapping[str, str]) -> Counter[tuple[str, str]]:
    """How many alerts people are told of, by kind and segment; `segments` holds each account's."""
    told = (alert for alert in alerts if not alert.shadow)
    return Counter((alert.kind, alert.segment or segments.get(alert.account or "", "")) for alert in told)


def _by_subject(alerts: Sequence[Alert]) -> dict[Subject, list[Alert]]:
    found: dict[Subject, list[Alert]] = defaultdict(list)
    for alert in alerts:
        if not alert.shadow:
            found[alert.kind, alert.account, alert.segment, alert.user, alert.behavior].append(alert)
    return found


def _pairs(before: Sequence[Alert], after: Sequence[Alert]) -> Iterator[Moved]:
    """The nearest ones first, each once."""
    near = [Moved(one, other) for one in before for other in after]
    taken: set[int] = set()
    for pair in sorted(near, key=lambda pair: abs(pair.days)):
        if abs(pair.days) <= _SAME and not taken & {id(pair.before), id(pair.after)}:
            taken |= {id(pair.before), id(pair.after)}
            yield pair


def _moment(alert: Alert) -> datetime:
    return datetime.fromisoformat(alert.fired_at)


def _by_time(pair: Moved) -> tuple[datetime, str]:
    return _moment(pair.before), pair.before.account or ""


def _in_order(alerts: Sequence[Alert]) -> list[Alert]:
    return sorted(alerts, key=lambda alert: (_moment(alert), alert.account or ""))

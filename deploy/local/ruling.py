"""What `ebbtide rules` shows: what is declared, which fixtures passed, and what changes between two versions."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from rich.table import Table

from deploy.local.console import output
from schemas.alerts import DETECTED
from schemas.behaviors import Definition
from schemas.clock import to_datetime
from schemas.rules import Rules
from streams.backtest import Alert, Replayed
from streams.comparing import Difference, compare, counted, since
from streams.fixtures import Expected, Result, fired_on

_WEEKS = 13
_SHOWN = 20


class Change(NamedTuple):
    """Two versions of the rules over the same last quarter, which begins at `since`."""

    names: tuple[str, str]
    since: datetime
    difference: Difference
    counts: tuple[Counter[tuple[str, str]], Counter[tuple[str, str]]]

    @classmethod
    def of(cls, versions: Sequence[Rules], runs: Sequence[Replayed]) -> "Change":
        """The change from the first version's replay to the second's."""
        was, will = runs
        begin = to_datetime(0) + timedelta(days=was.end.day + 1 - 7 * _WEEKS)
        segments = {account.account: account.segment for account in was.world.accounts.values()}
        alerts = [since(run.alerts, begin) for run in (was, will)]
        counts = counted(alerts[0], segments), counted(alerts[1], segments)
        return cls((versions[0].name, versions[1].name), begin, compare(*alerts), counts)

    def told(self) -> dict[str, Any]:
        """The same for a script."""
        added, gone, moved, same = self.difference
        return {
            "since": self.since,
            "rules": self.names,
            "alerts_a_week": [round(of.total() / _WEEKS, 2) for of in self.counts],
            "added": added,
            "gone": gone,
            "moved": [{"before": pair.before, "after": pair.after, "days": pair.days} for pair in moved],
            "same": same,
            "by": [
                {"kind": kind, "segment": segment, "before": self.counts[0][of], "after": self.counts[1][of]}
                for of in sorted(self.counts[0].keys() | self.counts[1].keys())
                for kind, segment in [of]
            ],
        }


def show_rules(rules: Rules) -> None:
    """What holds for each kind."""
    budget = "the workspace's, or 0.5" if rules.budget is None else f"{rules.budget:g}"
    output.print(f"Rules {rules.name}. Budget: {budget} false alerts a year and account.", markup=False)
    table = _table("kind", "mode", "share", "confirm", "quiet", "spaced", "worse", "told again")
    for kind in DETECTED:
        rule = rules.of(kind)
        share = "-" if rule.share is None else f"{rule.share:g}"
        days = (rule.confirm, rule.quiet, rule.spaced, f"{rule.worse:g}", rule.told_again)
        table.add_row(kind, rule.mode, share, *map(str, days))
    output.print(table)


def show_behaviors(declared: Sequence[Definition]) -> None:
    """What is declared of each behavior."""
    table = _table("behavior", "key", "events", "measure", "due day")
    for one in declared:
        due = "-" if one.due_day is None else str(one.due_day)
        table.add_row(one.name, "key" if one.key else "", ", ".join(one.events), one.measure, due)
    output.print(table)


def show_results(results: Sequence[Result]) -> None:
    """Which fixtures passed, and what was otherwise in those that did not."""
    table = _table("", "fixture", "alerts", "what is otherwise")
    for one in results:
        otherwise = [f"expected {_expected(this)}" for this in one.missing]
        otherwise += [f"not expected: {_alert(this)}" for this in one.unexpected]
        table.add_row("passed" if one.passed else "FAILED", one.name, str(len(one.alerts)), "\n".join(otherwise))
    output.print(table)
    output.print(f"{sum(one.passed for one in results)} of {len(results)} passed.")


def show_change(change: Change) -> None:
    """Which alerts come, go and move."""
    before, after = change.names
    output.print(f"From rules {before} to {after}, the alerts since {change.since:%Y-%m-%d}:", markup=False)
    added, gone, moved, same = change.difference
    output.print(f"{len(added)} added, {len(gone)} gone, {len(moved)} moved, {same} the same.")
    a_week = [of.total() / _WEEKS for of in change.counts]
    output.print(f"Alerts a week: {a_week[0]:.2f} before, {a_week[1]:.2f} after.")
    table = _table("kind", "segment", "before", "after")
    for of in sorted(change.counts[0].keys() | change.counts[1].keys()):
        table.add_row(*of, *(f"{counts[of]}" for counts in change.counts))
    output.print(table)
    lines = [f"+ {_alert(one)}" for one in added] + [f"- {_alert(one)}" for one in gone]
    lines += [f"~ {_alert(pair.after)}, {_when(pair.days)}" for pair in moved]
    for line in lines[:_SHOWN]:
        output.print(line, markup=False, soft_wrap=True)
    if len(lines) > _SHOWN:
        output.print(f"… and {len(lines) - _SHOWN} more; --json tells all of them.")


def _when(days: int) -> str:
    return f"{abs(days)} {'day' if abs(days) == 1 else 'days'} {'later' if days > 0 else 'earlier'}"


def _alert(alert: Alert) -> str:
    whose = alert.account or alert.segment or ""
    behavior = f" {alert.behavior}" if alert.behavior not in (None, "*") else ""
    return f"{alert.kind} of {whose}{behavior} on {fired_on(alert)}"


def _expected(one: Expected) -> str:
    whose = " and ".join(of for of in (one.account, one.segment, one.user, one.behavior) if of)
    span = " ".join(f"{word} {day}" for word, day in (("from", one.begins), ("until", one.until)) if day)
    return " ".join(part for part in (one.kind, f"of {whose}" if whose else "", span) if part)


def _table(*columns: str) -> Table:
    return Table(*columns, box=None, padding=(0, 2, 0, 0))

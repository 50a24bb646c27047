"""`ebbtide backtest`: what would have been told, had the product run over recorded events."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
from rich.table import Table
from typer import Option

from deploy.local.console import output
from deploy.local.recorded import bar, outcomes_of, record, traits_of
from schemas.behaviors import parse
from schemas.calibrations import Meaning
from schemas.rules import BUILT_IN
from schemas.rules import parse as rules_of
from streams.backtest import Alert, Warned, against, backtest, by_kind_and_segment, means
from streams.evaluating.folding import Detection
from streams.evaluating.recording import Recording
from streams.evaluating.world import World


def command(
    events: Annotated[Path, Option(exists=True, dir_okay=False, help="CSV or NDJSON; plain, .gz or .zst.")],
    out: Annotated[Path, Option(dir_okay=False, help="Where the alerts go, one a line.")],
    accounts: Annotated[Path | None, Option(exists=True, dir_okay=False, help="Accounts' traits.")] = None,
    behaviors: Annotated[Path | None, Option(exists=True, dir_okay=False, help="behaviors.yaml.")] = None,
    rules: Annotated[Path | None, Option(exists=True, dir_okay=False, help="rules.yaml.")] = None,
    budget: Annotated[float, Option(min=0.001, help="False alerts a year and account.")] = 0.5,
    outcomes: Annotated[Path | None, Option(exists=True, dir_okay=False, help="CSV: account, outcome, date.")] = None,
) -> None:
    """Tell what would have been told, had the product run over recorded events. Needs no server.

    Example: ebbtide backtest --events events.csv.zst --accounts accounts.csv --budget 0.5 --out alerts.ndjson

    Columns of events: time, account, user, behavior. Outcomes are churned, contracted, renewed or expanded; the date
    is the day the customer decided. What rules.yaml says of the budget goes before --budget.

    Exit codes: 0 done, 2 a file can't be read.
    """
    decided = outcomes_of(outcomes) if outcomes else []
    traits = traits_of(accounts) if accounts else {}
    detection = Detection(budget, rules_of(rules.read_text(), rules.name) if rules else BUILT_IN)
    with bar() as progress:
        recording = record(events, parse(behaviors.read_text(), behaviors.name) if behaviors else (), progress)
        folding = progress.add_task("Folding days", total=None)
        found = backtest(
            recording, traits, detection, lambda done, days: progress.update(folding, completed=done, total=days)
        )
        meaning = means(recording, found, detection)
    _write(out, found.alerts)
    _show(found.world, found.alerts, recording)
    if meaning:
        _show_meaning(meaning, len({of.get("csm") for of in traits.values()} - {None, ""}))
    if outcomes:
        _show_warned(against(found.alerts, decided))


def _write(path: Path, alerts: Sequence[Alert]) -> None:
    draft = path.with_name(path.name + ".draft")
    draft.write_bytes(b"".join(msgspec.json.encode(alert) + b"\n" for alert in alerts))
    draft.replace(path)


def _show(world: World, alerts: Sequence[Alert], recording: Recording) -> None:
    begin, end = recording.span
    weeks = max((end - begin) / 604_800_000, 1)
    output.print(f"{len(recording):,} events of {len(world.accounts):,} accounts over {weeks:.0f} weeks.")
    if recording.homeless:
        output.print(f"{recording.homeless:,} events name no account and are left out.")
    output.print(f"{len(alerts):,} alerts, {len(alerts) / weeks:.1f} a week.")
    table = Table("kind", "segment", "alerts", "a week", box=None, padding=(0, 2, 0, 0))
    for (kind, segment), count in sorted(by_kind_and_segment(world, alerts).items()):
        table.add_row(kind, segment, f"{count:,}", f"{count / weeks:.2f}")
    output.print(table)


def _show_meaning(meaning: Meaning, csms: int) -> None:
    false = meaning.budget * meaning.accounts / 52.18
    each = f", {false / csms:.2f} to each of {csms} CSMs" if csms else ""
    output.print(
        f"{meaning.accounts:,} accounts are judged; at {meaning.budget:g} false alerts a year and account, "
        f"{false:.1f} a week are false{each}."
    )
    injected = sum(one.injected for one in meaning.found)
    if not injected:
        return
    soon = sum(one.in_14_days for one in meaning.found) / injected
    late = sum(one.in_42_days for one in meaning.found) / injected
    output.print(f"Of {injected} drops made on purpose, {soon:.0%} are found within 14 days, {late:.0%} within 42.")
    table = Table("user-days a week", "injected", "in 14 days", "in 42 days", box=None, padding=(0, 2, 0, 0))
    for one in meaning.found:
        counts = (one.injected, one.in_14_days, one.in_42_days)
        table.add_row(one.user_days_a_week, *(f"{count}" for count in counts))
    output.print(table)


def _show_warned(warned: Warned) -> None:
    days = f", the median {warned.warning:.0f} days before the decision" if warned.warning is not None else ""
    output.print(
        f"Of {warned.lost:,} that were lost, {len(warned.days):,} were flagged{days}; {warned.false:,} false alarms."
    )
    output.print(f"Recall {warned.recall:.0%}, precision {warned.precision:.0%}.")

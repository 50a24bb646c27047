"""`ebbtide audit`: proves that every event is counted once."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.table import Table
from typer import Option

from deploy.local.addresses import addresses_of
from deploy.local.auditing.audit import Report, audit
from deploy.local.console import errors, output
from schemas.clock import HOUR_MS, to_datetime


def command(
    data: Annotated[Path | None, Option(help="The folder of the instance.")] = None,
    kafka: Annotated[str, Option(help="Bootstrap servers, in place of an instance's.")] = "",
    database_url: Annotated[str, Option(help="The database, in place of an instance's.")] = "",
    ledger: Annotated[
        Path | None, Option(exists=True, dir_okay=False, help="Ids that were answered 200, one a line.")
    ] = None,
    workspace: Annotated[str, Option(help="The workspace of ledger lines that name none.")] = "default",
    as_json: Annotated[bool, Option("--json", help="Print one line of JSON.")] = False,
) -> None:
    """Prove that every event is counted once. Reads only; works while events come in.

    Example: ebbtide audit --data /var/lib/ebbtide --json

    Exit codes: 0 lost 0 and doubled 0, 1 something is lost or doubled (or a server does not answer), 3 nothing runs.
    """
    if not (kafka and database_url):
        found = addresses_of(data)
        kafka, database_url = kafka or found.kafka, database_url or found.database
    with errors.status("Reading the database …") as status:
        report = audit(
            kafka, database_url, ledger, workspace, lambda n: status.update(f"Reading the topics: {n:,} records …")
        )
    if as_json:
        print(msgspec.json.encode(msgspec.structs.asdict(report) | {"ok": report.ok}).decode())  # noqa: T201
    else:
        _show(report)
    raise typer.Exit(0 if report.ok else 1)


_WORDS = {
    "events": "events on the topics",
    "distinct": "distinct events",
    "counted": "counted in `*` windows",
    "unassigned": "waiting for their account",
    "straying": "on their way between partitions",
    "facts": "applied as facts",
    "quarantined": "quarantined",
    "duplicates": "duplicates skipped",
    "repeats_beyond_horizon": "repeats beyond 48 h, counted anew",
    "expired": "offsets the topics no longer hold",
    "ledger": "ids in the ledger",
    "missing_from_topics": "of them missing from the topics",
    "in_several_places": "of them in several places that exclude each other",
    "lost": "lost",
    "doubled": "doubled",
}
_RARE = {"repeats_beyond_horizon", "expired", "straying", "in_several_places"}  # shown where there are any


def _show(report: Report) -> None:
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right")
    for name, words in _WORDS.items():
        value = getattr(report, name)
        if value is not None and (value or name not in _RARE):
            table.add_row(f"{value:,}", words)
    output.print(table)
    if report.ledger_places:
        found = ", ".join(f"{count:,} {place}" for place, count in report.ledger_places.items() if count)
        output.print(f"The ledger's ids: {found or 'none'}.", markup=False)
    for one in report.differences:
        hour = to_datetime(one.hour * HOUR_MS).strftime("%Y-%m-%d %H:00")
        owner = one.account or "events without an account"
        how = f"{one.events_too_many:+,} events" if one.events_too_many else "the right number, but not the same events"
        output.print(f"  workspace {one.workspace}, {owner}, {hour} UTC: {how}", markup=False)
    if report.expired:
        output.print("The topics no longer hold every event, so windows of expired ones look doubled here.")
    ends = ", ".join(f"{partition} to {end:,}" for partition, end in report.horizon.items())
    output.print(f"It holds for {ends or 'nothing yet'}; what came later is not in it.", markup=False)
    verdict = "Every event is counted once." if report.ok else "Not every event is counted once."
    output.print(f"{verdict} ({report.records:,} records in {report.seconds:.1f} s)")

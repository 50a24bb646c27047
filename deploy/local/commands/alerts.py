"""`ebbtide alerts`: what is wrong with whom, and what to do about it, from the command line."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NamedTuple

import msgspec
import typer
from rich.table import Table
from typer import Argument, Option

from api.client import AlertDetail, Client
from deploy.local.addresses import addresses_of
from deploy.local.console import output
from schemas.handling import Action, Verdict

app = typer.Typer(add_completion=False, no_args_is_help=True, help="List, show and act on alerts.")

Data = Annotated[Path | None, Option(help="The folder of the instance.")]
Url = Annotated[str, Option(help="The API, in place of an instance's.", envvar="EBBTIDE_URL")]
Key = Annotated[str, Option(help="A key, in place of the instance's own.", envvar="EBBTIDE_KEY")]
AsJson = Annotated[bool, Option("--json", help="Print one line of JSON an alert.")]
Id = Annotated[str, Argument(help="The alert's id.")]


class Place(NamedTuple):
    """Which API is asked; empty strings: a running instance's."""

    data: Path | None
    url: str
    key: str


@app.callback()
def place(ctx: typer.Context, data: Data = None, url: Url = "", key: Key = "") -> None:
    """List, show and act on alerts, of the running instance or of any API."""
    ctx.obj = Place(data, url, key)


@app.command("list")
def list_(
    ctx: typer.Context,
    state: Annotated[str, Option(help="open, firing, acknowledged, …; empty: any.")] = "open",
    kind: Annotated[str, Option(help="As account.silent; empty: any.")] = "",
    csm: Annotated[str, Option(help="Whose accounts; empty: everyone's.")] = "",
    sort: Annotated[str, Option(help="priority or fired_at.")] = "priority",
    limit: Annotated[int, Option(help="How many at most.", min=1)] = 50,
    as_json: AsJson = False,
) -> None:
    """List alerts, the most urgent first.

    Example: ebbtide alerts list --csm ada --limit 10

    Exit codes: 0 listed, 1 the API refused or does not answer, 2 wrong usage, 3 nothing runs.
    """
    asked = {name: said for name, said in (("state", state), ("kind", kind), ("csm", csm)) if said}
    with _client(ctx.obj) as client:
        found = list(client.alerts(limit=limit, sort=sort, **asked))
    if as_json:
        for alert in found:
            print(msgspec.json.encode(alert).decode())  # noqa: T201 - for scripts
        return
    table = Table("priority", "state", "since", "CSM", "what", "id", box=None, padding=(0, 2, 0, 0))
    for alert in found:
        figures = f"{alert.priority:,.0f}", alert.state, f"{alert.fired_at:%Y-%m-%d}"
        table.add_row(*figures, alert.csm or "-", alert.sentence, alert.id)
    output.print(table)


@app.command()
def show(ctx: typer.Context, alert: Id, as_json: AsJson = False) -> None:
    """Show one alert with its history.

    Example: ebbtide alerts show 0f6c3a1be7d94c58a1d2e3f405162738

    Exit codes: 0 shown, 1 there is none or the API does not answer, 2 wrong usage, 3 nothing runs.
    """
    with _client(ctx.obj) as client:
        _print(client.alert(alert), as_json=as_json)


@app.command()
def act(
    ctx: typer.Context,
    action: Annotated[Action, Argument(help="What to do about it.")],
    alert: Id,
    reason: Annotated[str, Option(help="Why; it stands in the alert's history.")] = "",
    until: Annotated[str, Option(help="Of a snooze: a moment (ISO); empty: until it gets worse.")] = "",
    assignee: Annotated[str, Option(help="Whose it is from now on; empty: nobody's.")] = "",
    verdict: Annotated[Verdict | None, Option(help="Whether it was right.")] = None,
    as_json: AsJson = False,
) -> None:
    """Do something about one alert.

    Example: ebbtide alerts act snooze 0f6c3a1be7d94c58a1d2e3f405162738 --until 2026-05-04T07:00:00Z

    Exit codes: 0 done, 1 refused or the API does not answer, 2 wrong usage, 3 nothing runs.
    """
    if (action == Action.VERDICT) != (verdict is not None):
        raise typer.BadParameter("--verdict goes with the action verdict, and that one needs it")
    with _client(ctx.obj) as client:
        _print(_done(client, action, alert, reason or None, until or None, assignee or None, verdict), as_json=as_json)


def _done(
    client: Client,
    action: Action,
    alert: str,
    reason: str | None,
    until: str | None,
    assignee: str | None,
    verdict: Verdict | None,
) -> AlertDetail:
    if verdict is not None:
        return client.judge(alert, verdict, note=reason)
    if action == Action.ASSIGN:
        return client.assign(alert, assignee, reason=reason)
    if action == Action.SNOOZE:
        return client.snooze(alert, until=until, reason=reason)
    simple = {Action.ACKNOWLEDGE: client.acknowledge, Action.RESOLVE: client.resolve, Action.REOPEN: client.reopen}
    return simple[action](alert, reason=reason)


@contextmanager
def _client(place: Place) -> Iterator[Client]:
    url, key = place.url, place.key
    if not url or not key:
        found = addresses_of(place.data)
        url, key = url or found.api, key or found.api_key
    with Client(url, key) as client:
        yield client


def _print(alert: AlertDetail, *, as_json: bool) -> None:
    if as_json:
        print(msgspec.json.encode(alert).decode())  # noqa: T201 - for scripts
        return
    output.print(f"{alert.sentence}\n{alert.kind}, {alert.state}, priority {alert.priority:,.0f}", markup=False)
    for step in alert.transitions:
        output.print(f"  {step.at:%Y-%m-%d %H:%M} {step.transition} by {step.actor}: {step.reason}", markup=False)

"""`ebbtide up`: the whole product on this machine, until it is told to stop."""

import json
import signal
from pathlib import Path
from typing import Annotated

import typer
from typer import Option

from deploy.local.console import say, show_addresses
from deploy.local.signals import Stopped, raising
from deploy.local.stack import ALL, Options, Stack, remembered
from deploy.settings import LocalSettings


def command(
    data: Annotated[Path | None, Option(help="The folder that keeps everything of the instance.")] = None,
    workers: Annotated[int | None, Option(min=1, help="How many stream workers run.")] = None,
    brokers: Annotated[int | None, Option(help="How many Kafka brokers run: 1 or 3.")] = None,
    partitions: Annotated[int | None, Option(min=1, help="Partitions of the event topics, when first made.")] = None,
    plain: Annotated[bool, Option("--plain", help="Plain PostgreSQL tables, without TimescaleDB.")] = False,
    parts: Annotated[str, Option(help="Only these parts.")] = ",".join(ALL),
    as_json: Annotated[bool, Option("--json", help="Print one line of JSON once all is ready.")] = False,
) -> None:
    """Start Kafka, the database, the collector, workers and the API, and stay until Ctrl-C.

    Example: ebbtide up --data /var/lib/ebbtide --workers 2

    The folder (./.ebbtide) keeps data, keys, logs and, where they are free, ports: open it again and all is there.
    EBBTIDE_DATABASE_URL names a database of your own.

    Exit codes: 0 ended when told to, 1 a part did not start, 2 wrong usage, 3 this folder's instance runs already,
    130 stopped before all was ready.
    """
    settings = LocalSettings.load()
    home = (data or settings.data).absolute()
    earlier = remembered(home)
    options = Options(
        workers=workers or settings.workers,
        brokers=earlier.get("brokers") or brokers or settings.brokers,
        partitions=earlier.get("partitions") or partitions or settings.partitions,
        parts=parts.split(","),
        plain=plain,
        database_url=settings.own_database,
    )
    ready = False
    try:
        with raising(), Stack(home, options, say=say) as stack:
            ready = True
            if as_json:
                print(json.dumps(stack.addresses | {"data": str(home)}), flush=True)  # noqa: T201 - for scripts
            else:
                show_addresses(stack.addresses)
            while True:
                signal.pause()
    except Stopped as stopped:
        say("Stopped.")
        raise typer.Exit(0 if ready else 130) from stopped

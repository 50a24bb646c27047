"""`ebbtide demo`: the whole product on a made-up company."""

import os
from typing import Annotated

import typer
from rich.console import Console
from typer import Option

from deploy.local.console import output
from deploy.local.demo.director import play
from deploy.local.demo.state import Scene, score_line
from deploy.local.demo.view import LiveView, PlainView
from deploy.local.signals import Stopped, raising


def command(
    seconds: Annotated[
        float | None, Option(envvar="EBBTIDE_DEMO_SECONDS", min=1, help="End after so many seconds.")
    ] = None,
    seed: Annotated[int, Option(help="Another company, other customers.")] = 7,
) -> None:
    """Play a made-up SaaS company: fourteen months of history, then live, a day in four seconds. Ctrl-C ends it all.

    Example: EBBTIDE_DEMO_SECONDS=90 ebbtide demo

    Everything runs in a folder of its own that is removed at the end; ports are chosen and shown.

    Exit codes: 0 an alert was shown, or Ctrl-C; 1 none was, or a part failed.
    """
    view = LiveView(output) if _is_screen(output) else PlainView(output)
    last: Scene | None = None
    try:
        with raising(), view:
            last = play(seed, seconds, view)
    except Stopped as stopped:
        output.print("Stopped; nothing keeps running.")
        raise typer.Exit(0) from stopped
    if last is None or not last.alerts:
        output.print("No alert was shown.")
        raise typer.Exit(1)
    _sum_up(last)


def _is_screen(console: Console) -> bool:
    return console.is_terminal and os.environ.get("TERM") != "dumb"


def _sum_up(scene: Scene) -> None:
    output.print(f"{scene.imported:,} events of history, {scene.sent:,} live ones, {len(scene.alerts)} alerts.")
    for chapter in scene.chapters:
        output.print(chapter.line, markup=False, soft_wrap=True)
    output.print(f"{scene.webhooks} webhooks verified, {scene.webhooks_refused} refused.")
    output.print(score_line(scene.score), soft_wrap=True)

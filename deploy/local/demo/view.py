"""The demo on the screen: a live view in a terminal, plain lines where nobody looks."""

from types import TracebackType
from typing import Protocol, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from deploy.local.demo.state import NEWEST, Scene, scene_lines, score_line

_STYLES = {"seen": "green", "waiting": "dim", "open": "yellow"}


class View(Protocol):
    """Shows moments, and says single lines."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def say(self, line: str) -> None:
        """One line about what is going on."""

    def show(self, scene: Scene) -> None:
        """A moment."""


class PlainView:
    """One line for each thing that changed."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._said: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is left to tidy up."""

    def say(self, line: str) -> None:
        """Prints it."""
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def show(self, scene: Scene) -> None:
        """Prints what it has not said yet."""
        for key, line in scene_lines(scene).items():
            if key not in self._said:
                self._said.add(key)
                self.say(f"{scene.now:%Y-%m-%d}  {line}")


class LiveView:
    """A compact picture that changes in place."""

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, refresh_per_second=4, transient=False)
        self._message = ""

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def say(self, line: str) -> None:
        """Shows it until the first moment is there."""
        self._message = line
        self._live.update(Text(line))

    def show(self, scene: Scene) -> None:
        """Draws the moment."""
        self._live.update(picture(scene))


def picture(scene: Scene) -> RenderableType:
    """The whole view."""
    parts = [_numbers(scene), Text(), _alerts(scene), Text(), _stories(scene), Text(), Text(score_line(scene.score))]
    where = "\n".join(f"{name:5}{address}" for name, address in scene.addresses.items())
    title = f"Ebbtide · Fairlead, a made-up company · {scene.now:%a %d %b %Y %H:00}"
    return Panel(Group(*parts, Text(), Text(where, style="cyan")), title=title, subtitle="Ctrl-C ends it all")


def _numbers(scene: Scene) -> RenderableType:
    table = Table.grid(padding=(0, 3), expand=False)
    table.add_row(
        f"[b]{scene.phase}[/b]",
        f"history [b]{scene.imported:,}[/b]",
        f"live [b]{scene.sent:,}[/b] ({scene.rate:,.0f}/s)",
        f"lag [b]{'-' if scene.lag is None else f'{scene.lag / 3600:.1f} h'}[/b]",
        f"accounts [b]{scene.accounts:,}[/b]",
        f"open alerts [b]{scene.open_alerts:,}[/b]",
        f"webhooks [b]{scene.webhooks:,}[/b]",
    )
    return table


def _alerts(scene: Scene) -> RenderableType:
    if not scene.alerts:
        return Text(f"No alert yet; evaluated up to {(scene.evaluated_to or '-')[:10]}.", style="dim")
    table = Table.grid(padding=(0, 2))
    for alert in scene.alerts[:NEWEST]:
        table.add_row(Text(alert["fired_at"][:10], "dim"), Text(alert["state"], "yellow"), _line(alert["sentence"]))
    return table


def _stories(scene: Scene) -> RenderableType:
    return Group(*(_line(chapter.line, _STYLES[chapter.state]) for chapter in scene.chapters))


def _line(text: str, style: str = "") -> Text:
    return Text(text, style, no_wrap=True, overflow="ellipsis")

"""The command `ebbtide`: a table of commands, each loaded when it is asked for."""

from importlib import import_module
from importlib.util import find_spec
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

from deploy.local.console import say
from schemas.errors import EbbtideError

COMMANDS = {
    "demo": "demo",
    "up": "up",
    "down": "down",
    "status": "status",
    "import": "import_",
    "key": "key",
    "erase": "erase",
    "audit": "audit",
    "alerts": "alerts",
    "backtest": "backtest",
    "rules": "rules",
    "setup": "setup",
}
_PACKAGE = "deploy.local.commands"


class Commands(TyperGroup):
    """The commands of the table that exist."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Their names, in the table's order."""
        del ctx
        return [name for name, module in COMMANDS.items() if find_spec(f"{_PACKAGE}.{module}")]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Loads one command; a module has a function `command`, or a Typer `app` with commands of its own."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module = import_module(f"{_PACKAGE}.{COMMANDS[cmd_name]}")
        own = getattr(module, "app", None) or typer.Typer(add_completion=False)
        if not hasattr(module, "app"):
            own.command(cmd_name)(module.command)
        made = typer.main.get_command(own)
        made.name = cmd_name
        return made

    def invoke(self, ctx: Any) -> Any:
        """Runs the command; an error of ours is a sentence and an exit code, not a traceback."""
        try:
            return super().invoke(ctx)
        except EbbtideError as error:
            _leave(error)


def _leave(error: EbbtideError) -> NoReturn:
    say(f"ebbtide: {error}")
    raise typer.Exit(getattr(error, "exit_code", 1)) from error


app = typer.Typer(cls=Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def main() -> None:
    """Ebbtide notices early, and explains, when a customer stops doing the few things that keep customers.

    Settings come from the environment (EBBTIDE_…) or one ebbtide.toml. `ebbtide COMMAND --help` shows an example.
    """

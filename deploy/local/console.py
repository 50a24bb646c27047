"""What commands print: results on standard output, everything else on standard error."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import msgspec
from rich.console import Console

errors = Console(stderr=True, highlight=False)
output = Console(highlight=False)


def say(line: str) -> None:
    """Tells the person what is going on; a terminal that was closed must not disturb the orderly end."""
    with suppress(OSError):
        errors.print(line, markup=False, soft_wrap=True)


def show_json(value: Any) -> None:
    """A result as one line for a script."""
    print(msgspec.json.encode(value).decode())  # noqa: T201


def show_addresses(addresses: Mapping[str, str]) -> None:
    """Where everything is, for a person."""
    say("Ebbtide is up. Ctrl-C ends it.")
    for name, address in addresses.items():
        say(f"  {name.replace('_', ' '):<16} {address}")

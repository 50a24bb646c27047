"""Ctrl-C, a termination and a closed terminal all end a command the same orderly way."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """The command was told to stop. Not an Exception, so that nothing on the way swallows it."""


@contextmanager
def raising() -> Iterator[None]:
    """Within it, the first signal raises Stopped in the main thread; later ones don't disturb the orderly end."""
    told = False

    def stop(number: int, _: FrameType | None) -> None:
        nonlocal told
        if not told:
            told = True
            raise Stopped(signal.Signals(number).name)

    earlier = {number: signal.signal(number, stop) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)

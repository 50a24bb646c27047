"""All stories are played once, side by side, in one running product."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.local.stack import Options, Stack
from tests.e2e.stories.cast import LIVE, WORLDS, World
from tests.e2e.stories.stage import Stage, Told, moment, set_clock


@pytest.fixture(scope="session")
def told() -> Callable[[World], Told]:
    """What came of the world of a story: `told(story)`."""
    with tempfile.TemporaryDirectory(prefix="ebbtide-test-") as folder:
        clock = Path(folder) / "clock.json"
        set_clock(clock, moment(LIVE))
        stack = Stack(Path(folder), Options(durable=False), {"EBBTIDE_CLOCK_FILE": str(clock)})
        with stack, Stage(stack, clock, list(WORLDS.values())) as stage:
            found = stage.play()
    return lambda world: found[world.name]

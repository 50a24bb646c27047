"""Events for a pipeline for as long as a test lasts, and whether each was counted once."""

import random
import threading
from collections.abc import Callable, Sequence
from typing import Any

from schemas.events import UsageEvent, id_hash

HOUR = 3_600_000
NOON = 1_760_000_000_000 // HOUR * HOUR


def load(n: int, first: int = 0) -> list[UsageEvent]:
    """Events with one in twenty twice."""
    chosen = random.Random(first)  # noqa: S311
    made = [
        UsageEvent(id=f"e{i}", time=NOON + i % HOUR, name=f"f{i % 5}", account=f"a{i % 50}", user=f"u{i % 200}")
        for i in range(first, first + n)
    ]
    return made + chosen.sample(made, n // 20)


def assert_exact(pipeline: Any, n: int) -> None:
    """Every event is counted once: by number, and by the sum of the ids' hashes."""
    expected = sum(int.from_bytes(id_hash(pipeline.workspace, f"e{i}")[:8], "little") for i in range(n))
    assert pipeline.counted() == n
    assert int(pipeline.one("SELECT sum(id_sum) FROM windows WHERE behavior = 0")) % 2**64 == expected % 2**64
    assert pipeline.one("SELECT sum(length(ids)) FROM counted_ids") == 16 * n
    assert pipeline.one("SELECT sum(events) FROM windows WHERE behavior > 0") == n


class Feed:
    """Sends events for as long as the block lasts; `sent` is how many there are then. `send` sends one load."""

    def __init__(self, pipeline: Any, step: int, send: Callable[[Sequence[UsageEvent]], None] | None = None) -> None:
        self.sent = 0
        self._send, self._step = send or pipeline.send, step
        self._failed: BaseException | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Feed":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        if self._failed is not None:
            raise AssertionError("the feed ended early") from self._failed

    def _run(self) -> None:
        try:
            while not self._over.wait(0.2):
                self._send(load(self._step, self.sent))
                self.sent += self._step
        except BaseException as error:  # noqa: BLE001 - told on the test's own thread
            self._failed = error

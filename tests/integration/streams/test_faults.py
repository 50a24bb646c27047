"""kill -9, zombies and rebalances: lost 0, doubled 0."""

import random
import signal
import threading
import time
from collections.abc import Callable
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
    """Sends events for as long as the block lasts; `sent` is how many there are then."""

    def __init__(self, pipeline: Any, step: int) -> None:
        self.sent = 0
        self._pipeline, self._step = pipeline, step
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Feed":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(0.2):
            self._pipeline.send(load(self._step, self.sent))
            self.sent += self._step


def test_kill_9_in_the_middle(pipeline: Any, eventually: Callable[..., Any]) -> None:
    pipeline.settings = {"EBBTIDE_FOLD_BYTES": "65536", "EBBTIDE_FOLD_LINGER": "0"}
    chosen = random.Random(7)  # noqa: S311
    with Feed(pipeline, 1000) as feed:
        for _ in range(3):
            worker = pipeline.start()
            seen = pipeline.counted()
            eventually(lambda before=seen: pipeline.counted() > before, 60)
            time.sleep(chosen.random())
            pipeline.stop(worker, signal.SIGKILL)
    pipeline.start()
    eventually(lambda: pipeline.counted() >= feed.sent, 90)
    time.sleep(1)
    assert_exact(pipeline, feed.sent)


def test_two_workers_share_and_a_third_takes_over(pipeline: Any, eventually: Callable[..., Any]) -> None:
    with Feed(pipeline, 500) as feed:
        first = pipeline.start()
        eventually(lambda: pipeline.counted() > 0, 60)
        second = pipeline.start()
        eventually(lambda: pipeline.ready(second), 60)
        eventually(lambda: pipeline.metric(second, "ebbtide_fold_events_total") > 0, 60)
        assert pipeline.stop(first) == 0
        pipeline.start()
    eventually(lambda: pipeline.counted() >= feed.sent, 90)
    time.sleep(1)
    assert_exact(pipeline, feed.sent)


def test_a_zombie_writes_nothing(pipeline: Any, eventually: Callable[..., Any]) -> None:
    zombie = pipeline.start()
    pipeline.send(load(2000))
    eventually(lambda: pipeline.counted() == 2000, 60)
    zombie.send_signal(signal.SIGSTOP)
    pipeline.send(load(2000, 2000))
    successor = pipeline.start()
    eventually(lambda: pipeline.counted() == 4000, 60)
    zombie.send_signal(signal.SIGCONT)
    pipeline.send(load(2000, 4000))
    eventually(lambda: pipeline.counted() >= 6000, 60)
    time.sleep(2)
    assert successor.poll() is None
    assert_exact(pipeline, 6000)

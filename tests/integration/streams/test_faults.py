"""kill -9, zombies and rebalances: lost 0, doubled 0."""

import random
import signal
import time
from collections.abc import Callable
from typing import Any

from tests.integration.streams.feeding import Feed, assert_exact, load


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

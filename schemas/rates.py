"""How much each key may do in a second: a bucket of ten seconds' worth, which fills up again steadily. Pure."""

from math import ceil

from schemas.keys import Key

SECONDS_HELD = 10.0


class Rates:
    """Buckets by key. A request may overdraw its key's, so that a large one is never impossible; the next then waits.

    `default` is what a key without a rate of its own may do in a second; 0 sets no limit. `now` is in seconds of any
    steady clock.

    >>> rates, key = Rates(default=2.0), Key(7, 1, "web", "", b"", frozenset())
    >>> [rates.wait(key, now=0.0), rates.take(key, 25, now=0.0), rates.wait(key, now=0.0), rates.wait(key, now=2.5)]
    [0, None, 3, 0]
    """

    def __init__(self, default: float) -> None:
        self._default = default
        self._left: dict[int, tuple[float, float]] = {}  # what is left, and when that was

    def wait(self, key: Key, now: float) -> int:
        """In how many seconds the key may go on: 0 is now."""
        rate = self._rate(key)
        if not rate:
            return 0
        left = self._held(key, rate, now)
        return 0 if left >= 0 else max(1, ceil(-left / rate))

    def take(self, key: Key, cost: int, now: float) -> None:
        """Takes what a request came to."""
        if rate := self._rate(key):
            self._left[key.id] = self._held(key, rate, now) - cost, now

    def _rate(self, key: Key) -> float:
        return self._default if key.per_second is None else key.per_second

    def _held(self, key: Key, rate: float, now: float) -> float:
        most = SECONDS_HELD * rate
        left, at = self._left.get(key.id, (most, now))
        return min(most, left + (now - at) * rate)

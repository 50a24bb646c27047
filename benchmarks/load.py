"""The same made-up events for everyone: 2,000 accounts, 25 users each, 12 behaviors, within two hours. Plain Python."""

import random
from collections.abc import Iterator

START = 1_760_000_400_000
HOURS = 2


def events(n: int) -> Iterator[tuple[str, int, str, str, str]]:
    """`(id, time in ms, name, account, user)` of the first n events; always the same ones."""
    chosen = random.Random(20)
    for i in range(n):
        account = chosen.randrange(2000)
        time = START + i * HOURS * 3_600_000 // max(n, 1)
        yield (
            f"event-{i}",
            time,
            f"feature-{chosen.randrange(12)}",
            f"account-{account}",
            f"user-{account}-{chosen.randrange(25)}",
        )

"""The independent client: it sends, keeps a ledger of what was answered 200, and sends again what was not."""

import json
import os
import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

Call = dict[str, Any]
_DAY = 86_400


class Traffic:
    """An endless, seeded stream of batches; `moods` (late, ahead, skewed) change how the next ones look."""

    def __init__(self, seed: int, size: int) -> None:
        self.moods: set[str] = set()
        self.sent_again = 0
        self._random = random.Random(seed)  # noqa: S311
        self._name, self._size = f"s{seed}", size
        self._made = 0
        self._earlier: list[Call] = []

    def batches(self, now: float) -> Iterator[tuple[list[Call], list[Call]]]:
        """The fresh calls of each batch, and the batch as it is sent: shuffled, with some earlier calls again."""
        while True:
            fresh = [self._call(now) for _ in range(self._size)]
            again = self._random.sample(self._earlier, min(len(self._earlier), self._size // 20))
            self.sent_again += len(again)
            batch = [*fresh, *again]
            self._random.shuffle(batch)
            self._earlier = (self._earlier + fresh)[-40 * self._size :]
            yield fresh, batch

    def _call(self, now: float) -> Call:
        self._made += 1
        chosen = self._random.random
        account = 0 if "skewed" in self.moods and chosen() < 0.95 else int(chosen() * 200)
        shift = -_DAY * 9 * chosen() if "late" in self.moods else _DAY * chosen() if "ahead" in self.moods else 0.0
        moment = now + shift - 600 * chosen()
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))
        return {
            "type": "track", "event": f"f{self._made % 7}", "userId": f"u{account}-{self._made % 30}",
            "messageId": f"{self._name}-{self._made}", "timestamp": stamp, "context": {"groupId": f"a{account}"},
        }  # fmt: skip


class Client:
    """Sends one batch after the other while the block lasts; at its end the last batch is still brought home."""

    def __init__(self, url: str, key: str, traffic: Traffic, ledger: Path, pause: float = 0.02) -> None:
        self.answered = 0
        self.refused: list[Any] = []
        self._traffic, self._pause = traffic, pause
        self._ledger = ledger.open("a", encoding="utf-8")
        self._http = httpx.Client(base_url=url, auth=(key, ""), timeout=20)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="client")

    def __enter__(self) -> "Client":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._http.close()
        self._ledger.close()

    def _run(self) -> None:
        for fresh, batch in self._traffic.batches(time.time()):  # noqa: TID251 - a client's clock is its own
            while not self._sent(batch):
                time.sleep(0.2)
            self._note(fresh)
            if self._over.wait(self._pause):
                return

    def _sent(self, batch: list[Call]) -> bool:
        """Whether it was answered 200. Whatever else happens, the same batch is sent again."""
        try:
            answer = self._http.post("/v1/batch", json={"batch": batch})
        except httpx.HTTPError:
            return False
        if answer.status_code == 200:
            self.refused += answer.json()["rejected"]
        elif answer.status_code not in (429, 500, 502, 503, 504):
            raise AssertionError(f"the collector refused good events: {answer.status_code} {answer.text}")
        return answer.status_code == 200

    def _note(self, fresh: list[Call]) -> None:
        """Only what lies on the disk counts as answered."""
        self._ledger.writelines(json.dumps({"id": call["messageId"]}) + "\n" for call in fresh)
        self._ledger.flush()
        os.fsync(self._ledger.fileno())
        self.answered += 1

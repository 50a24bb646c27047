"""The independent client: it sends, keeps a ledger of what was answered 200, and sends again what was not."""

import json
import os
import random
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx

Call = dict[str, Any]
_DAY = 86_400
AHEAD = "ahead-"  # accounts whose events say a time to come; the collector puts them where they arrived


class Batch(NamedTuple):
    """One request: `calls` as they are sent, and what the ledger says of the `fresh` ones once it is answered 200."""

    calls: list[Call]
    fresh: list[dict[str, Any]]
    refused: int


class Traffic:
    """An endless, seeded stream of batches; `moods` (late, ahead, skewed) change how the next ones look.

    Of a hundred calls one names no account, and every tenth batch has one that nobody can count.
    """

    def __init__(self, seed: int, size: int) -> None:
        self.moods: set[str] = set()
        self.sent_again = 0
        self._random = random.Random(seed)  # noqa: S311
        self._name, self._size = f"s{seed}", size
        self._made = 0
        self._earlier: list[Call] = []

    def batches(self, now: float) -> Iterator[Batch]:
        """Fresh calls, shuffled with some earlier ones that are sent again."""
        while True:
            fresh = [self._call(now) for _ in range(self._size)]
            broken = [self._broken()] if self._random.random() < 0.1 else []
            again = self._random.sample(self._earlier, min(len(self._earlier), self._size // 20))
            self.sent_again += len(again)
            calls = [*fresh, *broken, *again]
            self._random.shuffle(calls)
            self._earlier = (self._earlier + fresh)[-40 * self._size :]
            yield Batch(
                calls, [*map(_line, fresh), *({"id": c["messageId"], "refused": True} for c in broken)], len(broken)
            )

    def _call(self, now: float) -> Call:
        self._made += 1
        chosen = self._random.random
        ahead = "ahead" in self.moods
        account = 0 if "skewed" in self.moods and chosen() < 0.95 else int(chosen() * 200)
        shift = -_DAY * 9 * chosen() if "late" in self.moods else _DAY * (1 + chosen()) if ahead else 0.0
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now + shift - 600 * chosen()))
        name = f"{AHEAD if ahead else 'a'}{account}"
        whose = {"userId": f"u{name}-{self._made % 30}", "context": {"groupId": name}}
        return {
            "type": "track", "event": f"f{self._made % 7}", "messageId": f"{self._name}-{self._made}",
            "timestamp": stamp, **(whose if chosen() > 0.01 else {"userId": "nobody"}),
        }  # fmt: skip

    def _broken(self) -> Call:
        self._made += 1
        return {"type": "track", "userId": "u", "messageId": f"{self._name}-{self._made}"}  # an event without a name


def _line(call: Call) -> dict[str, Any]:
    account = call.get("context", {}).get("groupId")
    return {"id": call["messageId"], "account": account, "hour": call["timestamp"][:13]}


class Ledger:
    """A file to which several may append: each note is one write, and on the disk when the call returns."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)

    def note(self, lines: Iterable[dict[str, Any]]) -> None:
        """Appends what was answered 200."""
        self._file.write("".join(json.dumps(line) + "\n" for line in lines).encode())
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Ends the writing."""
        self._file.close()


class Client:
    """Sends one batch after the other while the block lasts; at its end the last batch is still brought home."""

    def __init__(self, url: str, key: str, traffic: Traffic, ledger: Path, pause: float = 0.02) -> None:
        self.answered = 0
        self._failed: BaseException | None = None
        self._traffic, self._pause = traffic, pause
        self._ledger = Ledger(ledger)
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
        self.check()

    def check(self) -> None:
        """Raises what ended the client, if anything did: a run without its client says nothing."""
        if self._failed is not None:
            raise AssertionError(f"the client ended: {self._failed!r}") from self._failed

    def _run(self) -> None:
        try:
            for batch in self._traffic.batches(time.time()):  # noqa: TID251 - a client's clock is its own
                while not self._sent(batch):
                    time.sleep(0.2)
                self._note(batch.fresh)
                if self._over.wait(self._pause):
                    return
        except BaseException as error:  # noqa: BLE001 - told to whoever asks, on their thread
            self._failed = error

    def _sent(self, batch: Batch) -> bool:
        """Whether it was answered 200. Where it could not be kept, the same batch is sent again."""
        try:
            answer = self._http.post("/v1/batch", json={"batch": batch.calls})
        except httpx.HTTPError:
            return False
        if answer.status_code in (429, 503):
            assert answer.headers["Retry-After"], "who is told to come again is told when"
            return False
        assert answer.status_code == 200, f"{answer.status_code} to good events: {answer.text}"
        refused = answer.json()["rejected"]
        assert len(refused) == batch.refused, f"good events were refused: {refused[:3]}"
        return True

    def _note(self, fresh: list[dict[str, Any]]) -> None:
        """Only what lies on the disk counts as answered."""
        self._ledger.note(fresh)
        self.answered += 1

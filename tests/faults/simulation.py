"""The pure core under arbitrary interleavings: batches, crashes, lost answers, rebalances, zombies, added partitions.

It is the product's own folder, dedupe, fold, lateness and ticks; only Kafka is a list, and the database is `store`.
Every choice comes from the `random` given, so that a seed says everything: `make faults STEPS=1000000 SEED=7`.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random

from schemas.batches import encode, encode_heartbeat
from schemas.clock import HOUR_MS
from schemas.database.fold import Write
from schemas.errors import FencedError, UnavailableError
from schemas.events import UsageEvent, id_hash
from schemas.topics import slot_of
from streams.folding.definitions import Names
from streams.folding.folder import Folder
from streams.folding.memberships import Memberships
from streams.folding.numbers import Numbers
from streams.folding.records import Chunk, GapError
from streams.folding.seen import Seen
from streams.folding.workspaces import Workspaces
from streams.ticking import is_due
from tests.faults.store import TOPIC, Store, Window, standing_in

BEGINNING = 1_760_000_000_000 // HOUR_MS * HOUR_MS
_MINUTE = 60_000
_ACCOUNTS, _MOST_PARTITIONS, _WORKERS = 9, 7, 3


@dataclass
class Worker:
    """One worker: its folder, what it takes for its own and from where it reads, and a write it has not committed."""

    folder: Folder
    reads: dict[int, int] = field(default_factory=dict)
    pending: Write | None = None


class Simulation:
    """One world. The methods named in STEPS are what can happen in it; `settle` brings all home and checks."""

    def __init__(self, limit: int = 150) -> None:
        self.store = Store()
        self.log: list[list[bytes]] = [[], []]
        self.now = BEGINNING
        self._limit = limit
        self.sent: dict[str, UsageEvent] = {}
        self._numbers: dict[str, int] = {}
        self.workers = [Worker(self._folder()) for _ in range(_WORKERS)]
        self._stale = 2  # as many partitions as the slower one of two collectors knows of
        self.happened: Counter[str] = Counter()

    def step(self, random: Random) -> None:
        """Something happens."""
        [name] = random.choices(list(STEPS), list(STEPS.values()))
        self.happened[name] += 1
        getattr(self, name)(random)

    def produce(self, random: Random) -> None:
        """A collector writes a record for each partition: fresh events, some again, some late."""
        self.now += random.randrange(0, 4 * _MINUTE)
        events = [self._event(random) for _ in range(random.randint(1, 6))]
        partitions = random.choice((len(self.log), self._stale))
        for partition in range(partitions):
            mine = [one for one in events if slot_of(1, one.routing) % partitions == partition]
            if mine:
                self.log[partition].append(encode(1, self.now, "s", mine))

    def beat(self, _: Random) -> None:
        """A heartbeat on every partition; by then the slower collector knows of all."""
        for partition in self.log:
            partition.append(encode_heartbeat(self.now, "s"))
        self._stale = len(self.log)

    def grow(self, _: Random) -> None:
        """A partition more."""
        if len(self.log) < _MOST_PARTITIONS:
            self.log.append([])

    def rebalance(self, random: Random) -> None:
        """Partitions are dealt anew; who is not told, a zombie, goes on as before."""
        told = [worker for worker in self.workers if worker.pending is None]  # the others are in a transaction
        owners = [random.choice(told or self.workers) for _ in self.log]
        for worker in told:
            self._begin(worker, [p for p, owner in enumerate(owners) if owner is worker], all_of_them=True)

    def crash(self, random: Random) -> None:
        """A worker dies, and what it held with it."""
        self.workers[random.randrange(_WORKERS)] = Worker(self._folder())

    def fold(self, random: Random) -> None:
        """A worker takes what it reads next, and commits; or commits now what it had prepared long ago."""
        worker = random.choice(self.workers)
        if worker.pending is None and not self._prepare(worker, random):
            return
        if random.random() < 0.1:
            return  # it is stopped here, and the world goes on
        self.store.silent = random.random() < 0.05
        self._commit(worker)
        self.store.silent = False

    def take_in(self, random: Random) -> None:
        """A worker counts strays that have come home."""
        worker = random.choice(self.workers)
        if worker.pending is not None:
            return
        rows = [s for s in self.store.strays.values() if s.home in worker.reads][: random.randint(1, 20)]
        if rows:
            worker.pending, _ = worker.folder.prepare_strays(rows, self.now, self.now / 1000)
            if random.random() < 0.9:
                self._commit(worker)

    def evaluate(self, random: Random) -> None:
        """An evaluation looks at the hours from where something is new; meanwhile others go on."""
        reached, store = self.store.watermark(), self.store
        if not is_due(store.due(), reached) or reached is None:
            return
        first = store.evaluated_to is None
        begin = 0 if first else min(h for h in (store.evaluated_to, store.dirty_from) if h is not None)
        seen, store.dirty_from = dict(store.windows), None
        for _ in range(random.randint(0, 3)):
            self.fold(random)
        store.evaluated_to = max(reached // HOUR_MS, store.evaluated_to or 0)
        fresh = {w: events for w, (events, _) in seen.items() if begin <= w[1] < store.evaluated_to}
        store.judged = {w: events for w, events in store.judged.items() if w[1] < begin} | fresh

    def settle(self) -> None:
        """Everything comes home, and is what it must be."""
        one, random = Worker(self._folder()), Random(0)  # noqa: S311
        self.workers = [one]
        self.beat(random)
        self._begin(one, range(len(self.log)), all_of_them=True)
        while any(self.store.offsets[p].next_offset < len(log) for p, log in enumerate(self.log)) or self.store.strays:
            self.fold(random)
            self.take_in(random)
        self.check()
        self.evaluate(random)
        self._judged_is_true()

    def check(self) -> None:
        """Each event that was sent is counted once, in its window, or waits."""
        due: dict[Window, tuple[int, int]] = {}
        for one in self.sent.values():
            if one.account is not None:
                window = self._numbers[one.account], one.time // HOUR_MS
                events, ids = due.get(window, (0, 0))
                due[window] = events + 1, (ids + int.from_bytes(id_hash(1, one.id)[:8], "little")) % 2**64
        assert self.store.windows == due
        waiting = Counter(id_hash(1, one.id) for one in self.sent.values() if one.account is None)
        assert self.store.waiting == waiting
        held = Counter(row.ids[k : k + 16] for row in self.store.ids for k in range(0, len(row.ids), 16))
        assert held == Counter(id_hash(1, name) for name in self.sent)

    def _judged_is_true(self) -> None:
        """What was evaluated is what the windows hold: every late event has set off another evaluation."""
        to = self.store.evaluated_to or 0
        assert self.store.judged == {w: events for w, (events, _) in self.store.windows.items() if w[1] < to}

    def _event(self, random: Random) -> UsageEvent:
        if self.sent and random.random() < 0.15:
            return self.sent[random.choice(list(self.sent)[-300:])]
        late = random.choice((0, 0, 0, 0, 20, 300)) * _MINUTE
        account = f"a{random.randrange(_ACCOUNTS)}" if random.random() > 0.03 else None
        one = UsageEvent(id=f"e{len(self.sent)}", time=self.now - late, name="f", account=account, user=f"u{account}")
        self.sent[one.id] = one
        return one

    def _prepare(self, worker: Worker, random: Random) -> bool:
        """Fetches a few records of some partitions, and works out what they change."""
        chunks = []
        for partition, offset in worker.reads.items():
            fetched = list(enumerate(self.log[partition]))[offset : offset + random.randint(0, 5)]
            if fetched:
                chunks.append(Chunk(TOPIC, partition, fetched))
                worker.reads[partition] += len(fetched)
        try:
            worker.pending, _ = worker.folder.prepare(chunks, self.now, self.now / 1000)
        except GapError:
            self._begin(worker, [chunk.partition for chunk in chunks])
        return worker.pending is not None and bool(chunks)

    def _commit(self, worker: Worker) -> None:
        """What the runner does: the same again where the database did not answer; all anew where it was fenced."""
        write, worker.pending = worker.pending, None
        assert write is not None
        try:
            try:
                worker.folder.commit(write, self.now)
            except UnavailableError:
                worker.folder.commit(write, self.now)
        except FencedError:
            self._begin(worker, [row.partition for row in write.moved])

    def _begin(self, worker: Worker, partitions: Iterable[int], *, all_of_them: bool = False) -> None:
        wanted = dict.fromkeys(partitions, 0)
        found = self.store.begin(wanted, len(self.log)) if wanted else {}
        worker.folder.keep(found, all_of_them)
        reads = {partition: at.next_offset for (_, partition), at in found.items()}
        worker.reads = reads if all_of_them else worker.reads | reads

    def _folder(self) -> Folder:
        numbers = self._numbers

        def number(_: int, strings: object) -> dict[str, int]:
            return {s: numbers.setdefault(s, len(numbers) + 1) for s in sorted(strings)}  # type: ignore[call-overload]

        return Folder(
            database=self.store,  # type: ignore[arg-type]
            workspaces=Workspaces(lambda: {1}, lambda: 0.0),
            accounts=Numbers(number),
            users=Numbers(number),
            names=Names(number),
            memberships=Memberships(lambda *_: {}),
            seen=Seen(lambda *_: None),
            dedupe_limit=self._limit,
        )


STEPS = {
    "produce": 30, "beat": 8, "fold": 45, "take_in": 8, "evaluate": 5, "rebalance": 3, "crash": 1.5, "grow": 0.3,
}  # fmt: skip


def simulate(seed: int, steps: int, world: int = 500) -> Counter[str]:
    """So many steps, in worlds of at most `world` each, the k-th with `Random(f"{seed}/{k}")`; what happened how often.

    Raises AssertionError where a world does not add up, saying which.
    """
    happened: Counter[str] = Counter()
    with standing_in():
        for k in range(-(-steps // world)):
            random = Random(f"{seed}/{k}")  # noqa: S311
            here = Simulation(random.choice((150, 5000)))
            try:
                for _ in range(min(world, steps - k * world)):
                    here.step(random)
                here.settle()
            except Exception as error:
                raise AssertionError(f"world {k} of seed {seed}: {error}") from error
            happened += here.happened
            happened["events"] += len(here.sent)
    return happened
